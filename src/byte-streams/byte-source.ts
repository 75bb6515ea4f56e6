/** Bytes by their number, from a stream of chunks. Source: `clj-commons.byte-streams.protocols`, `.pushback-stream`. */

import {
  type Awaitable,
  andThen,
  chain,
  type Deferred,
  deferred,
  isDeferrable,
  loop,
  recur,
  toDeferred,
} from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import type { Source } from "../stream/index.js";
import { toBuffer } from "./charset.js";
import { Gathered } from "./gathered.js";
import { joined } from "./stages.js";

/** How `takeBytes` waits. */
export interface TakeBytesOptions {
  /** Take what is there, if it is at least a byte, instead of waiting for all? @default false */
  readonly eager?: boolean | undefined;
}

/** Gives bytes by their number. */
export interface ByteSource {
  /** The next `count` bytes; fewer only at the end (or if `eager`), undefined after it. One take is answered after the other. */
  takeBytes(count: number, options?: TakeBytesOptions): Deferred<Uint8Array | undefined>;
  /** Puts bytes back: they come first in the next take. */
  pushBack(bytes: Uint8Array): void;
  /** Closes what the bytes come from; takes that wait get what has come so far. */
  close(): void;
}

const END: unique symbol = Symbol("end");

/** The bytes of a source of chunks; nothing is read beyond the chunk that completes a take. */
export class ChunkByteSource implements ByteSource {
  readonly #chunks: Source<Uint8Array>;
  /** What comes before all others: pushed back, or left of a chunk. */
  readonly #front: Uint8Array[] = [];
  readonly #held = new Gathered();
  #length = 0;
  #ended = false;
  #last: Awaitable<unknown> = undefined;

  constructor(chunks: Source<Uint8Array>) {
    this.#chunks = chunks;
  }

  takeBytes(count: number, options: TakeBytesOptions = {}): Deferred<Uint8Array | undefined> {
    if (!Number.isSafeInteger(count) || count <= 0) {
      throw new InvalidArgumentError(`takeBytes: count must be a whole number of bytes above 0, not ${count}`);
    }
    const before = this.#last;
    const enough = options.eager === true ? 1 : count;
    const take = (): Awaitable<Uint8Array | undefined> => andThen(this.#fill(enough), () => this.#cut(count));
    const taken = isDeferrable(before)
      ? chain(
          toDeferred(before).catch(() => undefined),
          take,
        )
      : settled(take);
    this.#last = taken.isRealized ? undefined : taken;
    return taken;
  }

  pushBack(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#front.unshift(bytes);
    this.#length += bytes.length;
  }

  close(): void {
    this.#chunks.close();
  }

  #fill(count: number): Awaitable<void> {
    while (this.#length < count && !this.#ended) {
      const taken = andThen(this.#chunks.take<typeof END>(END), this.#hold);
      if (isDeferrable(taken)) return chain(taken as Deferred<void>, () => this.#fillLater(count)) as PromiseLike<void>;
    }
    return undefined;
  }

  /** Many chunks may be waited for: a chain of one link for each would be as long as they are many. */
  #fillLater(count: number): Deferred<unknown> {
    return loop([], () => {
      if (this.#length >= count || this.#ended) return undefined;
      return chain(andThen(this.#chunks.take<typeof END>(END), this.#hold), recur);
    });
  }

  readonly #hold = (chunk: Uint8Array | typeof END): void => {
    if (chunk === END) this.#ended = true;
    else if (chunk.length > 0) {
      this.#held.add(toBuffer(chunk));
      this.#length += chunk.length;
    }
  };

  #cut(count: number): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const taken: Uint8Array[] = [];
    let missing = Math.min(count, this.#length);
    this.#length -= missing;
    while (missing > 0) {
      const chunk = (this.#front.shift() ?? this.#held.shift()) as Uint8Array;
      taken.push(chunk.subarray(0, missing));
      if (chunk.length > missing) this.#front.unshift(chunk.subarray(missing));
      missing -= Math.min(missing, chunk.length);
    }
    return joined(taken);
  }
}

/** The result of a function as a deferred, a throw as its error. */
function settled<T>(f: () => Awaitable<T>): Deferred<T> {
  const result = deferred<T>();
  try {
    const made = f();
    if (isDeferrable(made)) return toDeferred(made as PromiseLike<T>);
    result.success(made as T);
  } catch (error) {
    result.error(error);
  }
  return result;
}

/** The chunks of a byte source that is not the kit's own, and its end. */
export function takesOf(source: ByteSource, chunkSize: number): AsyncIterator<Uint8Array, undefined> {
  return {
    async next() {
      const value = await source.takeBytes(chunkSize, { eager: true });
      return value === undefined ? { done: true, value } : { done: false, value };
    },
    async return() {
      source.close();
      return { done: true, value: undefined };
    },
  };
}
