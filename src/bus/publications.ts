/** What is on its way to Redis: what waits, and what was sent and has not come back yet. */

import type { Cancel, Clock } from "../clock/index.js";
import { Deferred, errorDeferred } from "../deferred/core.js";
import { MAX_PENDING } from "../stream/stream.js";
import { BusRefusedError, BusUnavailableError } from "./errors.js";
import type { RedisLink } from "./redis-client.js";

/** A subscriber here, whose room a publisher here may have to wait for. */
export interface Receiver {
  readonly blocks: boolean;
  /** Is there a place for a message that nobody has reserved? */
  readonly hasRoom: boolean;
  /** Places that are kept free. */
  reserved: number;
}

export interface PublicationsOptions {
  readonly clock: Clock;
  /** Milliseconds that a publish may wait for the connection, or for an answer. */
  readonly timeout: number;
  /** Who subscribes to the channel here? */
  receiversOf(channel: string): readonly Receiver[];
  /** Would a message on the channel reach them now? */
  isReachable(channel: string): boolean;
  /** Since when are they out of reach, if they have been in reach before? */
  unreachableSince(): number | null;
}

const TOO_MANY = `more than ${MAX_PENDING} messages wait to be published; wait for each publish`;

/** One message on its way; realized with what `publish` answers. */
class Publication extends Deferred<boolean> {
  readonly channel: string;
  readonly payload: Buffer;
  readonly since: number;
  sentAt: number | null = null;
  sentBefore = false;
  /** Who keeps a place for it. */
  receivers: readonly Receiver[] = [];
  cancelTimer: Cancel = () => {};

  constructor(channel: string, payload: Buffer, since: number) {
    super();
    this.channel = channel;
    this.payload = payload;
    this.since = since;
  }
}

/**
 * Publishes on each channel in order.
 *
 * A message is sent when Redis is connected, the subscriptions here are in force, and every blocking receiver here has a
 * place for it, which is kept until the message comes back from Redis.
 */
export class Publications {
  published = 0;
  failed = 0;
  waiting = 0;
  readonly #link: RedisLink;
  readonly #options: PublicationsOptions;
  readonly #queues = new Map<string, Set<Publication>>();
  /** What was sent, and comes back to receivers that keep a place for it. */
  readonly #echoes = new Map<string, Set<Publication>>();
  readonly #unwatch: () => void;
  #downSince: number | null;

  constructor(link: RedisLink, options: PublicationsOptions) {
    this.#link = link;
    this.#options = options;
    this.#downSince = link.isReady ? null : options.clock.now();
    const down = (): void => {
      this.#downSince ??= options.clock.now();
    };
    const ready = (): void => {
      this.#downSince = null;
      for (const channel of this.#queues.keys()) this.advance(channel);
    };
    this.#unwatch = link.watch({ ready, lost: down, ended: down });
  }

  publish(channel: string, payload: Buffer): Deferred<boolean> {
    const publication = new Publication(channel, payload, this.#options.clock.now());
    if (!this.#queues.has(channel) && this.#mayGo(channel)) this.#send(publication);
    else if (this.waiting < MAX_PENDING) this.#enqueue(publication);
    else {
      this.failed++;
      return errorDeferred(new BusUnavailableError(TOO_MANY));
    }
    this.#setTimer(publication, this.#options.timeout);
    const settled = (): void => {
      publication.cancelTimer();
      this.#dequeue(publication);
    };
    return publication.onRealized(settled, () => {
      this.failed++;
      settled();
    });
  }

  /** Something has changed that the messages of the channel may have waited for. */
  advance(channel: string): void {
    for (const publication of this.#queues.get(channel) ?? []) {
      if (!this.#mayGo(channel)) return;
      this.#dequeue(publication);
      this.#send(publication);
    }
  }

  /** A message has come back, or comes from elsewhere. @returns who has kept a place for it */
  arrived(channel: string, payload: Buffer): readonly Receiver[] {
    // Messages with equal contents stand for each other; most often it is the oldest.
    for (const sent of this.#echoes.get(channel) ?? []) if (sent.payload.equals(payload)) return this.#release(sent);
    return [];
  }

  /** The connection that messages come back on is lost: they will not. */
  forgetEchoes(): void {
    for (const publication of all(this.#echoes)) this.#release(publication);
  }

  end(error: Error): void {
    this.#unwatch();
    for (const publication of all(this.#queues)) publication.error(error);
  }

  #mayGo(channel: string): boolean {
    return this.#isInOrder(channel) && this.#options.receiversOf(channel).every((each) => !each.blocks || each.hasRoom);
  }

  #isInOrder(channel: string): boolean {
    return this.#link.isReady && this.#options.isReachable(channel);
  }

  #enqueue(publication: Publication): void {
    add(this.#queues, publication);
    this.waiting++;
  }

  #dequeue(publication: Publication): void {
    if (remove(this.#queues, publication)) this.waiting--;
  }

  #send(publication: Publication): void {
    const { channel, payload } = publication;
    publication.sentAt = this.#options.clock.now();
    publication.receivers = this.#options.receiversOf(channel).filter((receiver) => receiver.blocks);
    if (publication.receivers.length > 0) {
      for (const receiver of publication.receivers) receiver.reserved++;
      add(this.#echoes, publication);
    }
    this.#link.publish(channel, payload).then(
      (count) => {
        if (count === 0 && this.#sendAgain(publication)) return;
        if (count === 0) this.#giveUp(publication);
        // Else it has failed before, for want of an answer.
        if (publication.success(count > 0)) this.published++;
      },
      (error: unknown) => {
        this.#giveUp(publication);
        publication.error(
          this.#link.isReady
            ? new BusRefusedError(`a message on ${channel}`, error)
            : new BusUnavailableError(
                "the connection was lost while a message was published; it may have arrived or not",
                error,
              ),
        );
      },
    );
  }

  /**
   * Nobody has heard it, though there are subscribers here: a client that had lost its connection has sent it on the next
   * one, before the subscriptions were back. So it may be sent once more without being heard twice.
   */
  #sendAgain(publication: Publication): boolean {
    const { channel } = publication;
    if (publication.isRealized || publication.sentBefore || this.#options.receiversOf(channel).length === 0)
      return false;
    this.#release(publication);
    publication.sentAt = null;
    publication.sentBefore = true;
    // Before those that were published after it.
    this.#queues.set(channel, new Set([publication, ...(this.#queues.get(channel) ?? [])]));
    this.waiting++;
    this.advance(channel);
    return true;
  }

  /** It will not come back. */
  #giveUp(publication: Publication): void {
    this.#release(publication);
    this.advance(publication.channel);
  }

  #release(publication: Publication): readonly Receiver[] {
    const { receivers } = publication;
    remove(this.#echoes, publication);
    for (const receiver of receivers) receiver.reserved--;
    publication.receivers = [];
    return receivers;
  }

  #setTimer(publication: Publication, milliseconds: number): void {
    if (publication.isRealized) return;
    publication.cancelTimer = this.#options.clock.in(milliseconds, () => this.#onTimer(publication));
  }

  /** Waiting for room is not limited; waiting for Redis is, from when it began. */
  #onTimer(publication: Publication): void {
    const { clock, timeout } = this.#options;
    const since = this.#waitsForRedisSince(publication);
    const left = since === null ? timeout : since + timeout - clock.now();
    if (left > 0) {
      this.#setTimer(publication, left);
      return;
    }
    publication.error(
      new BusUnavailableError(
        publication.sentAt === null
          ? `Redis was not reached for ${timeout} milliseconds, the message was not published; check the server, or raise publishTimeout`
          : `Redis has not answered for ${timeout} milliseconds; the message may have arrived or not`,
      ),
    );
  }

  #waitsForRedisSince(publication: Publication): number | null {
    const { channel, sentAt, since } = publication;
    if (sentAt !== null) return sentAt;
    if (this.#isInOrder(channel)) return null;
    const began = [this.#downSince, this.#options.unreachableSince()].filter((time) => time !== null);
    return Math.max(since, began.length === 0 ? since : Math.min(...began));
  }
}

/** Publications by their channels, in the order they came. */
type ByChannel = Map<string, Set<Publication>>;

const all = (publications: ByChannel): Publication[] => [...publications.values()].flatMap((some) => [...some]);

function add(publications: ByChannel, publication: Publication): void {
  const some = publications.get(publication.channel);
  if (some === undefined) publications.set(publication.channel, new Set([publication]));
  else some.add(publication);
}

/** @returns false if it was not there */
function remove(publications: ByChannel, publication: Publication): boolean {
  const some = publications.get(publication.channel);
  if (some === undefined || !some.delete(publication)) return false;
  if (some.size === 0) publications.delete(publication.channel);
  return true;
}
