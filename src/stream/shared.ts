/** One message for many sinks. */

import type { Deferred } from "../deferred/core.js";
import type { Sink } from "./types.js";

/** A message, with what sinks make of it, once for all of a kind. */
export class SharedMessage<T> {
  readonly message: T;
  /** Those who ask one after the other are mostly of one kind. */
  #lastKind: object | undefined;
  #lastForm: unknown;
  readonly #forms = new Map<object, unknown>();

  constructor(message: T) {
    this.message = message;
  }

  /** @param kind Stands for those who make the same of it. */
  form<Form>(kind: object, make: (message: T) => Form): Form {
    if (kind !== this.#lastKind) {
      if (!this.#forms.has(kind)) this.#forms.set(kind, make(this.message));
      this.#lastForm = this.#forms.get(kind);
      this.#lastKind = kind;
    }
    return this.#lastForm as Form;
  }
}

/** A sink that would make the same of a message as others of its kind. */
interface SharingSink<T> extends Sink<T> {
  /** As `put`, of a message that many get. */
  putShared(shared: SharedMessage<T>): Deferred<boolean>;
}

/** As `put`, of a message that many get. */
export function putShared<T>(sink: Sink<T>, shared: SharedMessage<T>): Deferred<boolean> {
  return "putShared" in sink ? (sink as SharingSink<T>).putShared(shared) : sink.put(shared.message);
}
