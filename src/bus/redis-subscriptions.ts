/** Which channels of Redis are subscribed to: kept in step with what is wanted, over lost connections too. */

import type { Clock } from "../clock/index.js";
import { type Deferred, deferred } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import { BusRefusedError, BusUnavailableError } from "./errors.js";
import { Pulse } from "./pulse.js";
import type { RedisLink, SubscriberLink } from "./redis-client.js";

/** A time in which messages were missed. */
export interface ChannelGap {
  /** Before it nothing was missed: what the connection was asked then it has answered. On the clock of the bus. */
  readonly since: number;
  /** When all subscriptions were in force again. */
  readonly until: number;
  readonly channels: readonly string[];
}

/** Who is told what becomes of the subscriptions. */
export interface SubscriptionsOwner {
  onMessage(channel: string, payload: Buffer): void;
  /** A channel is in force: for the first time, or again. */
  onInForce(channel: string): void;
  /** The connection is lost: until it is back, messages are missed. */
  onLost(): void;
  onGap(gap: ChannelGap): void;
  /** A channel will not be subscribed to: Redis refuses it, or the connection has given up. */
  onFailed(channel: string, error: Error): void;
}

/** A channel that is wanted. */
interface Wanted {
  /** Has Redis confirmed it, on the connection of now? */
  inForce: boolean;
  /** Realized with true once it has been in force, with false if it never comes to that. */
  readonly confirmed: Deferred<boolean>;
}

export class Subscriptions {
  readonly #origin: RedisLink;
  readonly #owner: SubscriptionsOwner;
  readonly #clock: Clock;
  readonly #checkInterval: number;
  readonly #wanted = new Map<string, Wanted>();
  #link: SubscriberLink | null = null;
  #unwatch: () => void = () => {};
  /** Counts connections: an answer that belongs to a former one means nothing. */
  #connection = 0;
  #pulse: Pulse | undefined;
  /** When what was asked last was asked that has been answered. */
  #workedAt = 0;
  /** What was in force when the connection was found lost, until it is restored. */
  #lost: {
    readonly at: number;
    readonly since: number;
    readonly interrupted: readonly (readonly [string, Wanted])[];
  } | null = null;

  /** @param checkInterval Milliseconds between two questions whether the connection still works. */
  constructor(origin: RedisLink, owner: SubscriptionsOwner, clock: Clock, checkInterval: number) {
    this.#origin = origin;
    this.#owner = owner;
    this.#clock = clock;
    this.#checkInterval = checkInterval;
  }

  /** Subscribes to a channel, as soon as there is a connection. */
  want(channel: string): void {
    if (this.#wanted.has(channel)) return;
    const wanted: Wanted = { inForce: false, confirmed: deferred<boolean>() };
    this.#wanted.set(channel, wanted);
    const link = this.#link ?? this.#open();
    if (link.isReady) this.#subscribe(link, channel, wanted);
  }

  unwant(channel: string): void {
    const wanted = this.#wanted.get(channel);
    if (wanted === undefined) return;
    this.#wanted.delete(channel);
    wanted.confirmed.success(false);
    // What fails with the connection is not subscribed to again, and what arrives nevertheless is not heeded.
    this.#link?.unsubscribe(channel).then(undefined, () => {});
    this.#endGap();
  }

  isInForce(channel: string): boolean {
    return this.#wanted.get(channel)?.inForce ?? false;
  }

  confirmed(channel: string): Deferred<boolean> | undefined {
    return this.#wanted.get(channel)?.confirmed;
  }

  /** Since when is the connection known to be lost, and not restored? */
  get lostSince(): number | null {
    return this.#lost?.at ?? null;
  }

  /** Ends the connection, and with it all that is wanted. */
  end(): void {
    const link = this.#link;
    this.#forget();
    for (const { confirmed } of this.#wanted.values()) confirmed.success(false);
    this.#wanted.clear();
    link?.end();
  }

  #open(): SubscriberLink {
    const link = this.#origin.duplicate((channel, payload) => {
      this.#pulse?.heard();
      this.#owner.onMessage(channel, payload);
    });
    this.#link = link;
    this.#unwatch = link.watch({
      ready: () => this.#onReady(link),
      lost: () => this.#onLost(link),
      ended: () => this.#onEnded(link),
    });
    link.open().then(undefined, () => this.#onEnded(link));
    return link;
  }

  #onReady(link: SubscriberLink): void {
    this.#pulse?.stop();
    this.#pulse = new Pulse({
      clock: this.#clock,
      interval: this.#checkInterval,
      ask: () => link.ping(),
      onAnswer: (askedAt) => this.#onAnswer(askedAt),
      onSilence: () => this.#onSilence(link),
    });
    for (const [channel, wanted] of this.#wanted) if (!wanted.inForce) this.#subscribe(link, channel, wanted);
    this.#endGap();
  }

  #subscribe(link: SubscriberLink, channel: string, wanted: Wanted): void {
    const connection = this.#connection;
    const askedAt = this.#clock.now();
    const isCurrent = (): boolean => this.#connection === connection && this.#wanted.get(channel) === wanted;
    link.subscribe(channel).then(
      () => {
        if (!isCurrent()) return;
        this.#onAnswer(askedAt);
        wanted.inForce = true;
        wanted.confirmed.success(true);
        this.#endGap();
        this.#owner.onInForce(channel);
      },
      (error: unknown) => {
        // With the connection its questions fail; they are asked again when it is back.
        if (!isCurrent() || !link.isReady) return;
        this.#fail(channel, new BusRefusedError(`a subscription to ${channel}`, error));
      },
    );
  }

  #onAnswer(askedAt: number): void {
    this.#workedAt = Math.max(this.#workedAt, askedAt);
  }

  /** Its other side has gone without a word, which its client may not learn for a long time. */
  #onSilence(link: SubscriberLink): void {
    if (this.#link !== link) return;
    this.#onLost(link);
    this.#unwatch();
    this.#open();
    link.end();
  }

  #onLost(link: SubscriberLink): void {
    this.#pulse?.stop();
    const interrupted = [...this.#wanted].filter(([, { inForce }]) => inForce);
    this.#connection++;
    for (const wanted of this.#wanted.values()) wanted.inForce = false;
    // Lost again before all was restored: it is one gap.
    if (interrupted.length === 0 || this.#lost !== null) return;
    this.#lost = { at: this.#clock.now(), since: this.#workedAt, interrupted };
    logError(link.lastError, "the subscriptions of a Redis bus are interrupted until the connection is back", "warn");
    this.#owner.onLost();
  }

  /** Once all that is wanted is in force again, it is known what was missed. */
  #endGap(): void {
    if (this.#lost === null || [...this.#wanted.values()].some(({ inForce }) => !inForce)) return;
    const { since, interrupted } = this.#lost;
    this.#lost = null;
    const missed = interrupted.filter(([channel, wanted]) => this.#wanted.get(channel) === wanted);
    if (missed.length === 0) return;
    this.#owner.onGap({ since, until: this.#clock.now(), channels: missed.map(([channel]) => channel) });
  }

  /** The client has given up: a later subscription tries with a new connection. */
  #onEnded(link: SubscriberLink): void {
    if (this.#link !== link) return;
    this.#forget();
    link.end();
    this.#owner.onLost();
    const error = new BusUnavailableError(
      "the connection of the subscriptions has ended, and its client does not connect again; subscribe again, or let it retry",
      link.lastError,
    );
    // Who is told may subscribe again at once, over a new connection.
    const abandoned = Array.from(this.#wanted.keys());
    for (const channel of abandoned) this.#fail(channel, error);
  }

  #fail(channel: string, error: Error): void {
    const wanted = this.#wanted.get(channel);
    this.#wanted.delete(channel);
    wanted?.confirmed.success(false);
    this.#endGap();
    this.#owner.onFailed(channel, error);
  }

  #forget(): void {
    this.#unwatch();
    this.#pulse?.stop();
    this.#link = null;
    this.#connection++;
    this.#lost = null;
  }
}
