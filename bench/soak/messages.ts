/** What the processes of a soak tell each other, and what is sent to clients. */

export type ServerOrder =
  | { readonly order: "broadcast" | "event"; readonly text: string }
  | { readonly order: "report" };

export interface ServerReport {
  /** Resident bytes. */
  readonly memory: number;
  /** Milliseconds of processor time so far. */
  readonly processor: number;
  readonly members: number;
  readonly readers: number;
  /** Messages that the server says it did not deliver, and clients that it has cut off. */
  readonly dropped: number;
}

/** How event streams are read: a third each. */
export type Pace = "prompt" | "slow" | "leaving";
export const PACES: readonly Pace[] = ["prompt", "slow", "leaving"];

export interface ClientsOrder {
  readonly port: number;
  readonly websockets: number;
  readonly events: number;
}

export type ClientsCommand =
  /** Those who leave midway do so. */
  | { readonly command: "leave" }
  /** So much was sent: say what has come of it. */
  | { readonly command: "finish"; readonly broadcasts: number; readonly events: number };

export interface ClientsReport {
  readonly websockets: Tally;
  readonly events: Tally;
}

/** What those clients have got that stayed. */
export interface Tally {
  /** Clients that stayed. */
  readonly clients: number;
  readonly received: number;
  /** Messages that did not come, or not in order. */
  readonly lost: number;
  /** Milliseconds that a message took at most; of event streams that are read promptly. */
  readonly slowest: number;
}

/** Bytes of a broadcast, and of an event. */
const BROADCAST = 64;
const EVENT = 8192;

/** A message with its number and the time. */
export function textOf(kind: "broadcast" | "event", number: number): string {
  return `${number} ${Date.now()} `.padEnd(kind === "broadcast" ? BROADCAST : EVENT, "x");
}

/** Watches the numbers and times of what comes. */
export class Watch {
  received = 0;
  lost = 0;
  slowest = 0;

  see(text: string): void {
    const [number, sent] = text.split(" ", 2).map(Number) as [number, number];
    this.lost += Math.abs(number - this.received - this.lost);
    this.received++;
    this.slowest = Math.max(this.slowest, Date.now() - sent);
  }
}

/** Adds up what clients have seen, of so many messages each. */
export function tally(watches: readonly Watch[], sent: number, counted: readonly Watch[] = watches): Tally {
  return {
    clients: watches.length,
    received: watches.reduce((sum, { received }) => sum + received, 0),
    lost: watches.reduce((sum, { received, lost }) => sum + Math.max(lost, Math.abs(sent - received)), 0),
    slowest: counted.reduce((most, { slowest }) => Math.max(most, slowest), 0),
  };
}
