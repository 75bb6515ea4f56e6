/** What the tests of event streams share. */
import type { RingRequest } from "../../src/ring/types.js";
import { type EventStream, type SseOptions, sse } from "../../src/sse/index.js";
import type { Source } from "../../src/stream/index.js";
import { interpret, type ReceivedEvent } from "./event-source.js";

export const request: RingRequest = {
  serverPort: 80,
  serverName: "localhost",
  remoteAddr: "127.0.0.1",
  uri: "/events",
  scheme: "http",
  requestMethod: "get",
  protocol: "HTTP/1.1",
  headers: {},
};

/** A client that takes when it is told to, and comes back with the id of what it has seen last. */
export class Client {
  readonly events: EventStream;
  readonly #body: Source<string | Uint8Array>;
  #text = "";

  constructor(options: SseOptions, lastEventId = "") {
    this.events = sse({ ...request, headers: { "last-event-id": lastEventId } }, { heartbeat: null, ...options });
    this.#body = this.events.response.body as Source<string | Uint8Array>;
  }

  /** Takes until nothing is there, and yields the events of this time: their types and data. */
  async read(): Promise<string[]> {
    const before = this.state.events.length;
    for (;;) {
      const chunk = await this.#body.tryTake<undefined, undefined>(undefined, 0, undefined);
      if (chunk === undefined) break;
      this.#text += Buffer.from(chunk).toString();
    }
    return this.state.events.slice(before).map(({ type, data }) => (type === "message" ? data : `${type}: ${data}`));
  }

  /** Waits for one more event. */
  async next(): Promise<ReceivedEvent> {
    const before = this.state.events.length;
    while (this.state.events.length === before) {
      const chunk = await this.#body.take();
      if (chunk === undefined) throw new Error("the response has ended");
      this.#text += Buffer.from(chunk).toString();
    }
    return this.state.events.at(-1) as ReceivedEvent;
  }

  get state(): ReturnType<typeof interpret> {
    return interpret(this.#text);
  }

  /** As browsers have it: what it came with, until an event has another one. */
  get lastEventId(): string {
    return this.state.lastEventId || (this.events.lastEventId ?? "");
  }

  leave(): void {
    this.#body.close();
  }
}
