import type { Cancel, Clock } from "../clock/index.js";
import type { PresenceReport } from "./message.js";

/** What presence needs, and whom it tells. */
export interface PresenceOptions {
  readonly process: string;
  readonly clock: Clock;
  /** Milliseconds between two signs of life. */
  readonly interval: number;
  /** Milliseconds without one after which a process counts as dead. */
  readonly timeout: number;
  publish(report: PresenceReport): void;
  onChange(room: string, count: number): void;
}

/** Milliseconds in which changes are gathered. */
const DELAY = 20;

/** What is known of another process. */
interface Peer {
  counts: Map<string, number>;
  sequence: number;
  seenAt: number;
}

/**
 * Counts members over all processes that use the same bus, which is all it needs.
 *
 * A process tells of its changes, which are numbered, and now and then that it is alive; whoever finds a number missing asks
 * for all counts. So a lost message is made up for with the next sign of life, and a dead process is forgotten.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #own = new Map<string, number>();
  readonly #peers = new Map<string, Peer>();
  readonly #changed = new Set<string>();
  readonly #cancelBeat: Cancel;
  #cancelChange: Cancel = () => {};
  #sequence = 0;

  constructor(options: PresenceOptions) {
    this.#options = options;
    const { clock, interval } = options;
    this.#cancelBeat = clock.every(interval, interval, () => this.#beat());
  }

  /** Other processes, as far as they are known to be alive. */
  get peers(): number {
    return this.#peers.size;
  }

  count(room: string): number {
    let count = this.#own.get(room) ?? 0;
    for (const { counts } of this.#peers.values()) count += counts.get(room) ?? 0;
    return count;
  }

  /** Asks everybody, and tells everybody. */
  announce(): void {
    this.#publish("ask");
    this.#publishAll();
  }

  /** So many members are in a room here. */
  set(room: string, count: number): void {
    if (count === 0) this.#own.delete(room);
    else this.#own.set(room, count);
    this.#options.onChange(room, this.count(room));
    this.#changed.add(room);
    if (this.#changed.size === 1) this.#cancelChange = this.#options.clock.in(DELAY, () => this.#tellChanges());
  }

  #tellChanges(): void {
    const counts = [...this.#changed].map((room) => [room, this.#own.get(room) ?? 0] as const);
    this.#changed.clear();
    this.#sequence++;
    this.#publish("change", { counts });
  }

  #publishAll(): void {
    this.#publish("all", { counts: [...this.#own] });
  }

  #publish(kind: PresenceReport["kind"], more: Partial<PresenceReport> = {}): void {
    this.#options.publish({ process: this.#options.process, sequence: this.#sequence, kind, ...more });
  }

  #beat(): void {
    this.#publish("alive");
    const { clock, timeout } = this.#options;
    for (const [process, { seenAt }] of this.#peers) if (seenAt <= clock.now() - timeout) this.#forget(process);
  }

  /** Something came from a process, this one perhaps. */
  receive(report: PresenceReport): void {
    const { process, kind, sequence } = report;
    if (process === this.#options.process) return;
    if (kind === "end") {
      this.#forget(process);
      return;
    }
    if (kind === "ask" && (report.of ?? this.#options.process) === this.#options.process) this.#publishAll();
    const peer = this.#peers.get(process);
    if (peer !== undefined) peer.seenAt = this.#options.clock.now();
    if (kind === "all") this.#replace(process, sequence, new Map(report.counts));
    else if (kind === "change" && peer?.sequence === sequence - 1) this.#apply(peer, sequence, report.counts ?? []);
    else if (peer?.sequence !== sequence && kind !== "ask") this.#publish("ask", { of: process });
  }

  #replace(process: string, sequence: number, counts: Map<string, number>): void {
    const before = this.#peers.get(process)?.counts ?? new Map<string, number>();
    this.#peers.set(process, { counts, sequence, seenAt: this.#options.clock.now() });
    for (const room of new Set([...before.keys(), ...counts.keys()])) {
      if (before.get(room) !== counts.get(room)) this.#options.onChange(room, this.count(room));
    }
  }

  #apply(peer: Peer, sequence: number, counts: readonly (readonly [string, number])[]): void {
    peer.sequence = sequence;
    for (const [room, count] of counts) {
      if (count === 0) peer.counts.delete(room);
      else peer.counts.set(room, count);
      this.#options.onChange(room, this.count(room));
    }
  }

  #forget(process: string): void {
    const peer = this.#peers.get(process);
    if (peer === undefined) return;
    this.#peers.delete(process);
    for (const room of peer.counts.keys()) this.#options.onChange(room, this.count(room));
  }

  end(): void {
    this.#cancelBeat();
    this.#cancelChange();
    this.#publish("end");
    this.#own.clear();
    this.#peers.clear();
  }
}
