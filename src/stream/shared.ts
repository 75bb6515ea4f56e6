/** One message for many sinks. */

import type { Deferred } from "../deferred/core.js";
import type { Sink } from "./types.js";

/** How a sink takes a message that many get: sinks that would each make the same of it have this method. */
export const PUT_SHARED: unique symbol = Symbol("put shared");

/** A message, with what sinks make of it, once for all of a kind. */
export class SharedMessage<T> {
  readonly message: T;
  readonly #forms = new Map<object, unknown>();

  constructor(message: T) {
    this.message = message;
  }

  /** @param kind Stands for those who make the same of it. */
  form<Form>(kind: object, make: (message: T) => Form): Form {
    if (!this.#forms.has(kind)) this.#forms.set(kind, make(this.message));
    return this.#forms.get(kind) as Form;
  }
}

/** As `put`, of a message that many get. */
export function putShared<T>(sink: Sink<T>, shared: SharedMessage<T>): Deferred<boolean> {
  const own = (sink as { [PUT_SHARED]?(shared: SharedMessage<T>): Deferred<boolean> })[PUT_SHARED];
  return own === undefined ? sink.put(shared.message) : own.call(sink, shared);
}
