import { type Cancel, type Clock, type ClockOptions, currentClock } from "../clock/index.js";
import { Deferred } from "../deferred/core.js";
import type { HeartbeatOptions } from "../ring/types.js";

export type { HeartbeatOptions } from "../ring/types.js";

const SEND_AFTER_IDLE = 30_000;

/** What a heartbeat needs of its websocket. */
export interface Heart {
  /** Is the peer held back, so that its silence says nothing? */
  readonly isHeldBack: boolean;
  ping(answer: Deferred<boolean>, payload: string | Uint8Array): Deferred<boolean>;
  /** Cuts the connection, without a close frame. */
  cut(): void;
}

/** Sends the pings of one websocket. */
export class Heartbeat {
  readonly #socket: Heart;
  readonly #options: HeartbeatOptions;
  readonly #sendAfterIdle: number;
  readonly #clock: Clock;
  #lastBeat: number;
  #cancelCheck: Cancel = () => {};
  #cancelCut: Cancel = () => {};

  constructor(socket: Heart, options: HeartbeatOptions, clock: ClockOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#clock = currentClock(clock);
    this.#lastBeat = this.#clock.now();
    this.#sendAfterIdle = options.sendAfterIdle ?? SEND_AFTER_IDLE;
    if (this.#sendAfterIdle > 0) this.#checkIn(this.#sendAfterIdle);
  }

  /** Something was received or sent. */
  beat(): void {
    this.#lastBeat = this.#clock.now();
  }

  stop(): void {
    this.#cancelCheck();
    this.#cancelCut();
  }

  #checkIn(milliseconds: number): void {
    this.#cancelCheck = this.#clock.in(milliseconds, () => this.#check());
  }

  #check(): void {
    const { payload = "", timeout } = this.#options;
    const left = this.#lastBeat + this.#sendAfterIdle - this.#clock.now();
    if (left > 0) {
      this.#checkIn(left);
      return;
    }
    const answer = new Deferred<boolean>();
    if (timeout !== undefined && timeout !== null && timeout > 0) this.#cutIn(timeout, answer);
    this.#socket.ping(answer, payload).onRealized(
      (isAlive) => {
        this.#cancelCut();
        if (isAlive) this.#checkIn(this.#sendAfterIdle);
      },
      () => {},
    );
  }

  #cutIn(milliseconds: number, answer: Deferred<boolean>): void {
    this.#cancelCut = this.#clock.in(milliseconds, () => {
      if (answer.isRealized) return;
      if (this.#socket.isHeldBack) this.#cutIn(milliseconds, answer);
      else this.#socket.cut();
    });
  }
}
