import { Deferred, SUCCESS } from "../deferred/core.js";
import { logError } from "../errors/index.js";
import { checkChoice, checkCount } from "../errors/options.js";
import { putShared, type SharedMessage, TRUE } from "../stream/core.js";
import type { Sink } from "../stream/index.js";
import { Queue } from "../stream/queue.js";

/** What becomes of a message for a member that is slow, and has as many waiting as may. */
export type SlowMember =
  /** Whoever broadcasts waits, and with it the room, in this process: nothing is lost. */
  | "block"
  /** The oldest that waits is dropped for it. */
  | "dropOldest"
  /** It is dropped itself. */
  | "dropNewest"
  /** The member is sent away. */
  | "disconnect";

/** How much a room does for a member. */
export interface MemberOptions {
  /** Messages that may wait for the member, beyond what its sink holds itself, at least 1. @default 256 */
  readonly bound?: number | undefined;
  /** What is done beyond the bound. @default "dropOldest" */
  readonly overflow?: SlowMember | undefined;
}

const POLICIES: readonly SlowMember[] = ["block", "dropOldest", "dropNewest", "disconnect"];

/** @throws {InvalidArgumentError} if the bound or the policy is none */
export function checkMemberOptions(who: string, { bound = 1, overflow = "block" }: MemberOptions): void {
  checkCount(who, "bound", bound, "messages");
  checkChoice(who, "overflow", overflow, POLICIES);
}

/** Who hears of the fate of members and their messages: one for all of a room. */
export interface MemberOwner<M> {
  onSent(): void;
  onDropped(count: number): void;
  onDisconnected(): void;
  /** It takes no more. */
  onGone(member: Member<M>): void;
}

/** What a member is made of. */
export interface MemberParts<M> extends Required<MemberOptions> {
  readonly id: string;
  /** What has joined. */
  readonly key: object;
  /** What it has become. */
  readonly sink: Sink<M>;
  /** Sends it away for being slow. @default closes the sink */
  readonly disconnect: (() => unknown) | undefined;
}

/** A sink in a room, and what waits for it. */
export class Member<M> {
  readonly id: string;
  readonly key: object;
  dropped = 0;
  readonly #sink: Sink<M>;
  readonly #bound: number;
  readonly #overflow: SlowMember;
  readonly #disconnect: (() => unknown) | undefined;
  readonly #owner: MemberOwner<M>;
  /** Made for the first message that has to wait. */
  #queue: Queue<SharedMessage<M>> | undefined;
  /** Is a message on its way that the sink has not accepted yet? */
  #isBusy = false;
  #isGone = false;
  /** Who waits for room. */
  #blocked: Deferred<boolean> | undefined;

  constructor({ id, key, sink, bound, overflow, disconnect }: MemberParts<M>, owner: MemberOwner<M>) {
    this.id = id;
    this.key = key;
    this.#sink = sink;
    this.#bound = bound ?? 1;
    this.#overflow = overflow ?? "dropOldest";
    this.#disconnect = disconnect;
    this.#owner = owner;
  }

  get waiting(): number {
    return this.#queue?.length ?? 0;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** @returns a deferred of true: pending only where whoever broadcasts has to wait for it */
  deliver(message: SharedMessage<M>): Deferred<boolean> {
    if (this.#isGone) return TRUE;
    if (!this.#isBusy) {
      this.#send(message);
      return TRUE;
    }
    const queue = (this.#queue ??= new Queue());
    if (queue.length < this.#bound) {
      queue.push(message);
      return TRUE;
    }
    return this.#onFull(message, queue);
  }

  #onFull(message: SharedMessage<M>, queue: Queue<SharedMessage<M>>): Deferred<boolean> {
    const overflow = this.#overflow;
    if (overflow === "block") {
      queue.push(message);
      this.#blocked ??= new Deferred<boolean>();
      return this.#blocked;
    }
    this.#drop(1);
    if (overflow === "dropOldest") {
      queue.shift();
      queue.push(message);
    } else if (overflow === "disconnect") {
      this.#owner.onDisconnected();
      this.leave();
      this.#call(this.#disconnect ?? (() => this.#sink.close()));
    }
    return TRUE;
  }

  #drop(count: number): void {
    this.dropped += count;
    this.#owner.onDropped(count);
  }

  #send(message: SharedMessage<M>): void {
    const accepted = this.#put(message);
    if (accepted.stage === SUCCESS) {
      this.#onAnswer(accepted.result as boolean);
      return;
    }
    this.#isBusy = true;
    accepted.onRealized(
      (isAccepted) => {
        this.#isBusy = false;
        this.#onAnswer(isAccepted);
        this.#sendWaiting();
      },
      (error) => {
        this.#isBusy = false;
        this.#drop(1);
        logError(error, "a message of a room could not be put into the sink of a member, and is dropped");
        this.#sendWaiting();
      },
    );
  }

  #put(message: SharedMessage<M>): Deferred<boolean> {
    try {
      return putShared(this.#sink, message);
    } catch (error) {
      const failed = new Deferred<boolean>();
      failed.error(error);
      return failed;
    }
  }

  #onAnswer(isAccepted: boolean): void {
    if (isAccepted) this.#owner.onSent();
    else {
      this.#drop(1);
      this.leave();
    }
  }

  #sendWaiting(): void {
    while (!this.#isBusy && this.waiting > 0) this.#send(this.#queue?.shift() as SharedMessage<M>);
    if (this.waiting < this.#bound) this.#unblock();
  }

  #unblock(): void {
    const blocked = this.#blocked;
    this.#blocked = undefined;
    blocked?.success(true);
  }

  /** Gets no more; what waits for it is dropped. */
  leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    if (this.waiting > 0) this.#drop(this.waiting);
    this.#queue = undefined;
    this.#unblock();
    this.#owner.onGone(this);
  }

  /** Sends it away. */
  close(): void {
    this.leave();
    this.#call(() => this.#sink.close());
  }

  #call(f: () => unknown): void {
    try {
      f();
    } catch (error) {
      logError(error, "a member of a room could not be sent away");
    }
  }
}
