/** Event emitters and event targets as sources. */

import { InvalidArgumentError, RingError } from "../errors/index.js";
import { hasMethods } from "./methods.js";
import type { BoundOptions } from "./overflow.js";
import { type Producer, PushSource } from "./push-source.js";
import type { Source } from "./types.js";

/** Something with `on` and `off`, such as Node's `EventEmitter`. */
export interface Emitter {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
}

/** Which events of an emitter or target mean what. */
export interface EventOptions<T> extends BoundOptions {
  /** The event of each message. @default `"data"` of an emitter, `"message"` of a target */
  readonly data?: string | undefined;
  /** The events that are the end. @default `"end"` and `"close"` of an emitter, `"close"` of a target */
  readonly end?: string | readonly string[] | undefined;
  /** The event that fails the source. @default `"error"` */
  readonly error?: string | undefined;
  /**
   * Makes the message of what the listener gets.
   *
   * @default the first argument; of a target's event its `data` (`MessageEvent`) or `detail` (`CustomEvent`), if it has
   *   one, else the event
   */
  readonly message?: ((...args: never[]) => T) | undefined;
}

type Listen = (event: string, listener: (...args: unknown[]) => void) => () => void;

export const isEventTarget = (x: unknown): x is EventTarget =>
  hasMethods<EventTarget>(x, "addEventListener", "removeEventListener", "dispatchEvent");

export const isEmitter = (x: unknown): x is Emitter => hasMethods<Emitter>(x, "on", "off", "emit");

/**
 * The events of an emitter or an event target as a source, which listens from now on.
 *
 * Events cannot be asked for. An emitter that has `pause` and `resume` is paused while a message waits to be taken; what is
 * emitted all the same waits too, up to `bound` messages, and then `overflow` says what happens. Every listener is removed
 * when the source ends: by an end or error event, or because it is closed. An error event fails one take, after what waits.
 *
 * @param target An `EventEmitter`, an `EventTarget`, or what has their methods; a port that has `start` is started.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for anything else, or for a bound or policy that is none.
 * @example
 * const lines = fromEvents<string>(createInterface({ input }), { data: "line" });
 * const prices = fromEvents<string>(new WebSocket(url), { data: "message", end: "close" });
 */
export function fromEvents<T = unknown>(target: Emitter | EventTarget, options: EventOptions<T> = {}): Source<T> {
  const source = eventSource(target, options);
  source.start();
  return source;
}

/** The source of `fromEvents`, which does not listen yet. */
export function eventSource<T>(target: Emitter | EventTarget, options: EventOptions<T>): PushSource<T> {
  const bound = { bound: options.bound, overflow: options.overflow };
  if (isEventTarget(target)) {
    const listen: Listen = (event, listener) => {
      target.addEventListener(event, listener);
      return () => target.removeEventListener(event, listener);
    };
    const events = eventsOf(options, { data: "message", end: "close", error: "error", message: messageOf });
    return new PushSource<T>({
      type: "event-target",
      ...bound,
      start: (source) => {
        const stop = listenTo(listen, source, events, errorOf);
        if (hasMethods<{ start(): void }>(target, "start")) target.start();
        return { stop };
      },
    });
  }
  if (!isEmitter(target)) {
    throw new InvalidArgumentError("fromEvents: the target must have on, off and emit, or be an EventTarget");
  }
  const listen: Listen = (event, listener) => {
    target.on(event, listener);
    return () => target.off(event, listener);
  };
  const events = eventsOf(options, { data: "data", end: ["end", "close"], error: "error", message: same });
  return new PushSource<T>({
    type: "emitter",
    ...bound,
    start: (source) => ({ ...pausesOf(target), stop: listenTo(listen, source, events, same) }),
  });
}

const same = (first: unknown): unknown => first;

/** The events that were asked for, and the usual ones where nothing was. */
function eventsOf(options: EventOptions<unknown>, usual: Events): Events {
  const { data = usual.data, end = usual.end, error = usual.error, message = usual.message } = options;
  return { data, end, error, message };
}

interface Events {
  readonly data: string;
  readonly end: string | readonly string[];
  readonly error: string;
  readonly message: (...args: never[]) => unknown;
}

/** @returns a function that removes all listeners */
function listenTo<T>(
  listen: Listen,
  source: PushSource<T>,
  events: Events,
  errorOf: (argument: unknown) => unknown,
): () => void {
  const message = events.message as (...args: unknown[]) => T;
  const accept = (...args: unknown[]): void => {
    let made: T;
    try {
      made = message(...args);
    } catch (error) {
      source.fail(error);
      return;
    }
    source.accept(made);
  };
  const ends = typeof events.end === "string" ? [events.end] : events.end;
  const removals = [
    listen(events.data, accept),
    listen(events.error, (argument) => source.fail(errorOf(argument))),
    ...ends.map((end) => listen(end, () => source.finish())),
  ];
  return () => {
    for (const remove of removals) remove();
  };
}

function pausesOf(target: object): Pick<Producer, "pause" | "resume"> {
  if (!hasMethods<{ pause(): unknown; resume(): unknown }>(target, "pause", "resume")) return {};
  return { pause: () => void target.pause(), resume: () => void target.resume() };
}

/** What an event of a target carries. */
function messageOf(event: unknown): unknown {
  const carried = event as { readonly data?: unknown; readonly detail?: unknown };
  if ("data" in carried) return carried.data;
  return "detail" in carried ? carried.detail : event;
}

/** The error inside an error event; many carry none. */
function errorOf(event: unknown): unknown {
  const { error, message } = event as { readonly error?: unknown; readonly message?: unknown };
  if (error !== undefined && error !== null) return error;
  const told = typeof message === "string" && message !== "" ? `: ${message}` : "";
  return new RingError("RING_SOURCE_FAILED", `the event target sent an error event${told}`, { cause: event });
}
