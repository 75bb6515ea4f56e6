/** Sessions in the memory of this process. Source: `ring.middleware.session.memory`. */

import { randomUUID } from "node:crypto";
import { type ClockOptions, currentClock } from "../../src/clock/index.js";
import { InvalidArgumentError, logError } from "../../src/errors/index.js";
import type { SessionData, SessionStore } from "./store.js";

export interface MemoryStoreOptions extends ClockOptions {
  /**
   * How many sessions are kept. One more makes the store forget the one that was not used for the longest time; the first
   * time that happens is reported to the logger. @default 100_000
   */
  readonly maxSessions?: number | undefined;
  /** Seconds a session lives after it was last read or written. @default no limit */
  readonly timeToLive?: number | undefined;
}

function checkCount(name: string, count: number): number {
  if (count >= 1) return count;
  throw new InvalidArgumentError(`memoryStore: ${name} must be a number, 1 or more, and not ${count}`);
}

/**
 * A session store in memory: fast, gone with the process, and not shared with others; for tests, and for applications of
 * one process.
 *
 * The data is kept as it is given, not copied. Of visitors who never come back, at most `maxSessions` sessions stay.
 *
 * @param cell Holds the sessions by key, to look into from outside.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a limit that is none.
 * @example
 * const sessions = {};
 * const store = memoryStore(sessions, { timeToLive: 3600 });
 * store.writeSession("a key", { user: "ada" });
 * sessions; // => { "a key": { user: "ada" } }
 * @see Source: `ring.middleware.session.memory/memory-store`. Differs: has limits, of which only `maxSessions` is on.
 */
export function memoryStore(
  cell: Record<string, SessionData> = Object.create(null) as Record<string, SessionData>,
  options: MemoryStoreOptions = {},
): SessionStore {
  const maxSessions = checkCount("maxSessions", options.maxSessions ?? 100_000);
  const timeToLive = options.timeToLive === undefined ? undefined : checkCount("timeToLive", options.timeToLive) * 1000;
  const now = (): number => (timeToLive === undefined ? 0 : currentClock(options).now());

  /** When each session was used, the one that was not used for the longest time first. */
  const used = new Map<string, number>();
  const use = (key: string): void => {
    used.delete(key);
    used.set(key, now());
  };
  const forget = (key: string): void => {
    used.delete(key);
    delete cell[key];
  };
  const isOver = (usedAt: number | undefined): boolean =>
    timeToLive !== undefined && usedAt !== undefined && usedAt + timeToLive <= now();
  let isFullReported = false;
  const makeRoom = (): void => {
    for (const [key, usedAt] of used) {
      const isFull = used.size > maxSessions;
      if (!isFull && !isOver(usedAt)) return;
      if (!isOver(usedAt) && !isFullReported) {
        isFullReported = true;
        const message = `the memory store of sessions is full and forgets the oldest: maxSessions is ${maxSessions}`;
        logError(undefined, message, "warn");
      }
      forget(key);
    }
  };
  for (const key of Object.keys(cell)) use(key);

  return {
    readSession: (key) => {
      // Keys come from clients: "constructor" must not find what the cell inherits.
      if (key === undefined || key === null || !Object.hasOwn(cell, key)) return undefined;
      if (isOver(used.get(key))) {
        forget(key);
        return undefined;
      }
      use(key);
      return cell[key];
    },
    writeSession: (key, data) => {
      const place = key ?? randomUUID();
      cell[place] = data;
      use(place);
      makeRoom();
      return place;
    },
    deleteSession: (key) => {
      if (key !== undefined && key !== null) forget(key);
    },
  };
}
