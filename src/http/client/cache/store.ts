/** Where a cache of the client keeps responses. */

import type { Awaitable } from "../../../deferred/index.js";
import { checkOptionNames } from "../../../errors/options.js";
import { atLeast } from "../options.js";

/** A response that is kept. Everything but the body can be written as JSON. */
export interface CachedResponse {
  /** What is known of the request and the response, for RFC 9111: `toObject` of http-cache-semantics. */
  readonly policy: object;
  readonly status: number;
  readonly reasonPhrase: string;
  readonly protocolVersion: string;
  /** As it was on the wire, perhaps compressed. Not to be changed. */
  readonly body: Uint8Array;
}

/**
 * Keeps what a cache gives it, or does not: it may forget whatever it likes. Of one key it keeps the responses to the requests
 * that differ in what `Vary` names.
 *
 * What it throws, or fails with, is logged, and never breaks a request.
 *
 * @example
 * const kept = new Map();
 * const cache = http.httpCache({
 *   store: {
 *     get: (key) => kept.get(key),
 *     set: (key, responses) => kept.set(key, responses),
 *     delete: (key) => kept.delete(key),
 *   },
 * });
 */
export interface CacheStore {
  /** What is kept of a key; null or undefined is nothing. */
  get(key: string): Awaitable<readonly CachedResponse[] | null | undefined>;
  /** Keeps these, in place of what is kept. */
  set(key: string, responses: readonly CachedResponse[]): Awaitable<unknown>;
  /** Forgets what is kept. */
  delete(key: string): Awaitable<unknown>;
}

/** How much is kept. */
export interface MemoryCacheStoreOptions {
  /** Bytes of all responses, with their headers. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number | undefined;
  /** URLs whose responses are kept. @default 1000 */
  readonly maxEntries?: number | undefined;
}

interface Entry {
  readonly responses: readonly CachedResponse[];
  readonly bytes: number;
}

/**
 * Keeps responses in memory; beyond its limits, those go that were not used for the longest time.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a limit that is none.
 * @example
 * const cache = http.httpCache({ store: http.memoryCacheStore({ maxBytes: 1_000_000 }) });
 */
export function memoryCacheStore(options: MemoryCacheStoreOptions = {}): MemoryCacheStore {
  return new MemoryCacheStore(options);
}

/** A store of cached responses in the memory of this process, the least used of which make way for new ones. */
export class MemoryCacheStore implements CacheStore {
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  /** The one used last comes last. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(options: MemoryCacheStoreOptions) {
    checkOptionNames("a memoryCacheStore", options, { maxBytes: true, maxEntries: true });
    const { maxBytes = 67_108_864, maxEntries = 1000 } = options;
    this.#maxBytes = atLeast(0, "maxBytes", maxBytes);
    this.#maxEntries = atLeast(0, "maxEntries", maxEntries);
  }

  /** Bytes that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** URLs whose responses are kept now. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): readonly CachedResponse[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.responses;
  }

  set(key: string, responses: readonly CachedResponse[]): void {
    this.delete(key);
    const bytes = responses.reduce((sum, response) => sum + bytesOf(response), key.length);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { responses, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#maxBytes && this.#entries.size <= this.#maxEntries) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

function bytesOf({ policy, body }: CachedResponse): number {
  return body.length + JSON.stringify(policy).length;
}
