/** A stream of Redis: its ids, its commands, and what they answer. */

import type { CommandLink } from "./redis-link.js";

/** An entry: its id, and its fields and values in turn. */
export type RedisEntry = readonly [id: string, fields: readonly string[]];

/** Before every entry. */
export const BEGINNING = "0-0";

const LARGEST = "18446744073709551615";
const ID = /^(0|[1-9][0-9]{0,19})-(0|[1-9][0-9]{0,19})$/;

/** Can it be an id of a stream? Redis answers others with an error. */
export function isStreamId(text: string): boolean {
  const [, time = "", sequence = ""] = ID.exec(text) ?? [];
  return time !== "" && compareDigits(time, LARGEST) <= 0 && compareDigits(sequence, LARGEST) <= 0;
}

export function compareStreamIds(a: string, b: string): number {
  const [aTime = "", aSequence = ""] = a.split("-");
  const [bTime = "", bSequence = ""] = b.split("-");
  return compareDigits(aTime, bTime) || compareDigits(aSequence, bSequence);
}

/** They may be beyond what a number holds exactly. */
function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Milliseconds that a command may block: less than the time after which a client gives a silent connection up. */
export const BLOCK = 1000;

export class RedisStream {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  async append(link: CommandLink, maxEvents: number, fields: readonly string[]): Promise<string> {
    return String(await link.send(["XADD", this.#key, "MAXLEN", "~", String(maxEvents), "*", ...fields]));
  }

  /** Drops what is older than a time, in milliseconds of the Unix epoch. */
  trim(link: CommandLink, time: number): PromiseLike<unknown> {
    return link.send(["XTRIM", this.#key, "MINID", String(Math.max(0, Math.floor(time)))]);
  }

  /** The entries from an id on, itself included. */
  async range(link: CommandLink, from: string, count: number): Promise<readonly RedisEntry[]> {
    return (await link.send(["XRANGE", this.#key, from, "+", "COUNT", String(count)])) as readonly RedisEntry[];
  }

  /** The entries after an id; waits a while for the first one. */
  async follow(link: CommandLink, after: string, count: number): Promise<readonly RedisEntry[]> {
    const answer = await link.send([
      "XREAD",
      "COUNT",
      String(count),
      "BLOCK",
      String(BLOCK),
      "STREAMS",
      this.#key,
      after,
    ]);
    if (answer === null || answer === undefined) return [];
    // RESP2 has a list of pairs, RESP3 a map.
    const [first] = Array.isArray(answer)
      ? (answer as [string, readonly RedisEntry[]][]).map(([, entries]) => entries)
      : Object.values(answer as Record<string, readonly RedisEntry[]>);
    return first ?? [];
  }

  /** The id of the newest entry there ever was; that of the beginning if there is no stream. */
  async newestId(link: CommandLink): Promise<string> {
    try {
      const facts = await link.send(["XINFO", "STREAM", this.#key]);
      if (!Array.isArray(facts)) return String((facts as Record<string, unknown>)["last-generated-id"]);
      return String(facts[facts.indexOf("last-generated-id") + 1]);
    } catch (error) {
      if (/no such key/.test(String((error as Partial<Error> | null)?.message))) return BEGINNING;
      throw error;
    }
  }
}
