import type { Cancel, Clock } from "../clock/index.js";

/** A connection that is asked, and who is told. */
export interface PulseOptions {
  readonly clock: Clock;
  /** Milliseconds between two questions; an answer may take as long. */
  readonly interval: number;
  /** Asks; whatever comes of it is an answer. */
  ask(): PromiseLike<unknown>;
  /** It works: what was asked then was answered. */
  onAnswer(askedAt: number): void;
  /** It is silent, and not asked any more. */
  onSilence(): void;
}

/**
 * Asks a connection now and then whether it still works: one whose other side has vanished without a word looks like one on
 * which nothing happens.
 */
export class Pulse {
  readonly #options: PulseOptions;
  #askedAt: number | undefined;
  #wasHeard = false;
  #isStopped = false;
  #cancel: Cancel;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#cancel = this.#nextTick();
  }

  /** Something came by itself. */
  heard(): void {
    this.#wasHeard = true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #nextTick(): Cancel {
    const { clock, interval } = this.#options;
    return clock.in(interval, () => {
      if (this.#askedAt === undefined) this.#ask();
      // A process that was busy has not read yet what has come in the meantime.
      else setImmediate(() => this.#judge());
    });
  }

  #ask(): void {
    const { clock } = this.#options;
    const askedAt = clock.now();
    this.#askedAt = askedAt;
    this.#wasHeard = false;
    const answered = (): void => {
      if (this.#isStopped) return;
      this.#askedAt = undefined;
      this.#options.onAnswer(askedAt);
    };
    this.#options.ask().then(answered, answered);
    this.#cancel = this.#nextTick();
  }

  #judge(): void {
    if (this.#isStopped) return;
    if (this.#askedAt !== undefined && !this.#wasHeard) {
      this.stop();
      this.#options.onSilence();
      return;
    }
    this.#wasHeard = false;
    if (this.#askedAt === undefined) this.#ask();
    else this.#cancel = this.#nextTick();
  }
}
