/** What is done with the chunks of a sequence or of a stream, written once for both. */

import { Buffer } from "node:buffer";
import { type Awaitable, andThen, chain, type Deferred, isDeferrable, loop, recur } from "../deferred/index.js";
import { type Puller, PullSource } from "../stream/core.js";
import { type Source, toSource } from "../stream/index.js";
import { type PieceEncoder, toBuffer } from "./charset.js";
import { LineTooLongError } from "./conversion-errors.js";
import { Gathered, GatheredPieces } from "./gathered.js";
import type { PieceDecoder } from "./piece-decoder.js";

/** One step over a sequence: what comes of each element, and of the end. */
export interface Stage<A, B> {
  readonly write: (element: A) => readonly B[];
  readonly end: () => readonly B[];
}

/** A step whose results may take their time, for streams. */
export interface LaterStage<A, B> {
  readonly write: (element: A) => Awaitable<readonly B[]>;
  readonly end: () => readonly B[];
}

/** The elements of an iterable after a stage, made as they are asked for; leaving early ends the iterable's iterator. */
export function staged<A, B>(elements: Iterable<A>, makeStage: () => Stage<A, B>): Iterable<B> {
  return {
    *[Symbol.iterator]() {
      const stage = makeStage();
      for (const element of elements) yield* stage.write(element);
      yield* stage.end();
    },
  };
}

/** The messages of a source after a stage: nothing is read that nobody asks for; closing it closes the source. */
export function through<A, B>(source: Source<A>, stage: LaterStage<A, B>): Source<B> {
  return new PullSource(new Through(source, stage), "bytes");
}

const END: unique symbol = Symbol("end");
const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };

class Through<A, B> implements Puller<B> {
  readonly #source: Source<A>;
  readonly #stage: LaterStage<A, B>;
  #ready: readonly B[] = [];
  #at = 0;
  #ended = false;

  constructor(source: Source<A>, stage: LaterStage<A, B>) {
    this.#source = source;
    this.#stage = stage;
  }

  next(): IteratorResult<B, undefined> | Deferred<IteratorResult<B, undefined>> {
    for (;;) {
      if (this.#at < this.#ready.length) return { done: false, value: this.#ready[this.#at++] as B };
      if (this.#ended) return DONE;
      const filled = andThen(this.#source.take<typeof END>(END), this.#fill);
      if (isDeferrable(filled)) {
        return chain(filled as Deferred<void>, () => (this.#hasNext ? this.next() : this.#later())) as ReturnType<
          typeof this.next
        >;
      }
    }
  }

  get #hasNext(): boolean {
    return this.#ended || this.#at < this.#ready.length;
  }

  /** Many messages may make one: a chain of one link for each would be as long as they are many. */
  #later(): Deferred<IteratorResult<B, undefined>> {
    const turn = (): unknown =>
      chain(andThen(this.#source.take<typeof END>(END), this.#fill), () => (this.#hasNext ? this.next() : recur()));
    return loop([], turn) as Deferred<IteratorResult<B, undefined>>;
  }

  cancel(): void {
    this.#source.close();
  }

  readonly #fill = (message: A | typeof END): Awaitable<void> => {
    this.#at = 0;
    this.#ended = message === END;
    if (message === END) {
      this.#ready = this.#stage.end();
      return undefined;
    }
    try {
      const made = this.#stage.write(message);
      if (!isDeferrable(made)) return this.#hold(made as readonly B[]);
      return chain(made as PromiseLike<readonly B[]>, this.#hold).catch(this.#fail) as unknown as PromiseLike<void>;
    } catch (error) {
      return this.#fail(error);
    }
  };

  readonly #hold = (made: readonly B[]): void => {
    this.#ready = made;
  };

  /** The rest would not be read by anybody. */
  readonly #fail = (error: unknown): never => {
    this.#source.close();
    throw error;
  };
}

/** Each element by itself. */
export function each<A, B>(convert: (element: A) => B): Stage<A, B> {
  return { write: (element) => [convert(element)], end: () => [] };
}

/** Bytes to text: a character may be split between chunks. */
export function decode(decoder: PieceDecoder): Stage<Uint8Array, string> {
  return {
    write: (chunk) => unlessEmpty(decoder.write(chunk)),
    end: () => unlessEmpty(decoder.end()),
  };
}

/** Text to bytes: a surrogate pair may be split between pieces. */
export function encode(encoder: PieceEncoder): Stage<string, Uint8Array> {
  return {
    write: (piece) => unlessEmpty(encoder.write(piece)),
    end: () => unlessEmpty(encoder.end()),
  };
}

function unlessEmpty<T extends { readonly length: number }>(chunk: T): readonly T[] {
  return chunk.length === 0 ? [] : [chunk];
}

/** Chunks of exactly so many bytes, but for the last. */
export function rechunk(size: number): Stage<Uint8Array, Uint8Array> {
  let held = new Gathered();
  return {
    write(chunk) {
      held.add(toBuffer(chunk));
      if (held.length < size) return [];
      const pieces = cut(held.whole(), size);
      const last = pieces.at(-1) as Uint8Array;
      held = new Gathered();
      if (last.length < size) held.add(toBuffer(pieces.pop() as Uint8Array));
      return pieces;
    },
    end: () => unlessEmpty(held.whole()),
  };
}

/** The chunks as one; a single one is not copied. */
export function joined(chunks: readonly Uint8Array[], length?: number): Uint8Array {
  const [first, second] = chunks;
  return first !== undefined && second === undefined ? first : Buffer.concat(chunks, length);
}

/** Views of the bytes, each of so many, but for the last. */
export function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

/** Pieces of text of at most so many code units; surrogate pairs stay together. */
export function repiece(size: number): Stage<string, string> {
  return { write: (text) => cutText(text, size), end: () => [] };
}

function cutText(text: string, size: number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    let end = at + size;
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last < 0xdc00) end += end - 1 > at ? -1 : 1;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

/**
 * Lines without their ends, which are "\n" and "\r\n".
 *
 * @throws {LineTooLongError} code `RING_LINE_TOO_LONG`, as soon as more than so many UTF-16 code units of a line have come.
 */
export function lines(maxLength: number): Stage<string, string> {
  const begun = new GatheredPieces();
  const checked = (line: string): string => {
    if (line.length > maxLength) throw new LineTooLongError(maxLength);
    return line;
  };
  const whole = (end: string): string => {
    let line = end;
    if (begun.length > 0) {
      begun.add(end);
      line = begun.take();
    }
    return checked(line.endsWith("\r") ? line.slice(0, -1) : line);
  };
  return {
    write(text) {
      const found = text.split("\n");
      const rest = found.pop() as string;
      const ended = found.map(whole);
      if (rest !== "") begun.add(rest);
      // One more may be the "\r" of its end.
      if (begun.length > maxLength + 1) throw new LineTooLongError(maxLength);
      return ended;
    },
    // A "\r" at the very end ends no line.
    end: () => (begun.length === 0 ? [] : [checked(begun.take())]),
  };
}

/** A stage after a stage of a sequence or a stream. */
export function after<A, B>(elements: Iterable<A> | Source<A>, makeStage: () => Stage<A, B>): Iterable<B> | Source<B> {
  return Symbol.iterator in elements ? staged(elements, makeStage) : through(toSource<A>(elements), makeStage());
}
