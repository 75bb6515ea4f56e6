/** How a request learns, in whatever phase it is, that nobody wants it any more. */

const CANCELLATION: unique symbol = Symbol("cancellation");

/** What rides on a request map, over all its redirects and retries. */
export interface Cancellable {
  readonly [CANCELLATION]?: Cancellation;
}

type Mutable = { -readonly [K in keyof Cancellable]: Cancellable[K] };

type Stop = (error: unknown) => void;

/** One request of the user: one exchange after the other, if it is redirected, and at most one at a time. */
export class Cancellation {
  #reason: { readonly error: unknown } | undefined;
  #stop: Stop | undefined;
  #isSettled = false;
  #release: (() => void) | undefined;

  /** @param release Called when nothing is left that could be cancelled. */
  whenOver(release: () => void): void {
    this.#release = release;
  }

  /** Puts it on a request that nobody else has seen yet. */
  on(request: object): void {
    (request as Mutable)[CANCELLATION] = this;
  }

  static of(request: Cancellable): Cancellation | undefined {
    return request[CANCELLATION];
  }

  /** Why it was cancelled; undefined if it was not. */
  get reason(): { readonly error: unknown } | undefined {
    return this.#reason;
  }

  /** An exchange begins, and this is how to stop it. */
  begun(stop: Stop): void {
    this.#stop = stop;
  }

  /** The exchange has ended, with its body. */
  ended(): void {
    this.#stop = undefined;
    if (this.#isSettled) this.#over();
  }

  /** The user has the response, or will not get one: no other exchange follows. */
  settled(): void {
    this.#isSettled = true;
    if (this.#stop === undefined) this.#over();
  }

  cancel(error: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = { error };
    this.#stop?.(error);
    this.settled();
  }

  #over(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
