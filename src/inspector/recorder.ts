/** Remembers what happens in this process, for inspectors: from the first one on, and only then. */

import { subscribe } from "../ring/diagnostics/channels.js";
import type { RequestEvent, WebsocketEvent } from "../ring/diagnostics/events.js";
import { requestEventOf } from "../ring/diagnostics/requests.js";
import { type StreamWatch, watchStreams } from "../stream/index.js";
import { Mounts } from "./mounts.js";
import { Recording, type RequestRow } from "./recording.js";

const recordings = new WeakMap<RequestEvent, Recording>();

/** What is kept of a request map's request; undefined if nothing is. */
export function recordingOf(request: unknown): Recording | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const event = requestEventOf(request);
  return event && recordings.get(event);
}

export class Recorder {
  readonly streams: StreamWatch = watchStreams();
  readonly mounts: Mounts = new Mounts();
  readonly websockets: Set<WebsocketEvent> = new Set();
  /** Requests since it began, without those for an inspector. */
  requests = 0;
  /** Requests that are kept. */
  limit = 0;
  #lastId = 0;
  readonly #recent: Recording[] = [];

  readonly #stops: readonly (() => void)[] = [
    subscribe("express-ring:request:start", (event) => this.#start(event)),
    subscribe("express-ring:request:end", (event) => this.#end(event)),
    subscribe("express-ring:websocket:open", (event) => this.websockets.add(event)),
    subscribe("express-ring:websocket:close", (event) => this.websockets.delete(event)),
    () => this.streams.stop(),
  ];

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #start(event: RequestEvent): void {
    const recording = new Recording(++this.#lastId, event);
    recordings.set(event, recording);
    this.requests++;
    this.#recent.push(recording);
    if (this.#recent.length > this.limit) this.#recent.shift();
    this.mounts.add(event.handler, event.request, event.route);
  }

  #end(event: RequestEvent): void {
    this.mounts.add(event.handler, event.request, event.route);
    recordings.get(event)?.close();
  }

  /** Leaves a request out: it is for an inspector. */
  forget(request: object): void {
    const event = requestEventOf(request);
    const recording = event && recordings.get(event);
    if (event === undefined || recording === undefined) return;
    recordings.delete(event);
    this.requests--;
    const place = this.#recent.lastIndexOf(recording);
    if (place !== -1) this.#recent.splice(place, 1);
  }

  /** The latest first. */
  rows(): RequestRow[] {
    return this.#recent.map(({ row }) => row).toReversed();
  }
}

let recorder: Recorder | undefined;

/** The recorder of this process, which is there from now on. @param limit Requests to be kept, at least */
export function startRecorder(limit: number): Recorder {
  recorder ??= new Recorder();
  recorder.limit = Math.max(recorder.limit, limit);
  return recorder;
}

/** Ends what the first inspector has begun; those that there are show what was, and nothing new. */
export function stopRecorder(): void {
  recorder?.stop();
  recorder = undefined;
}
