/** Bytes in a content coding of HTTP: as a whole, or bit by bit. */

import { Buffer } from "node:buffer";
import {
  type BrotliCompress,
  type BrotliOptions,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createDeflate,
  createGzip,
  type Deflate,
  deflateSync,
  type Gzip,
  gzipSync,
  type ZlibOptions,
} from "node:zlib";
import type { Deferred } from "../deferred/index.js";
import { type Source, type Sourceable, toSource } from "../stream/index.js";
import { closeBody, closeSource } from "./close.js";

/** The ways to compress that are offered, by their names in `Accept-Encoding`. */
export type ContentCoding = "br" | "gzip" | "deflate";

type Compressor = BrotliCompress | Gzip | Deflate;

/** One way to compress. */
export interface Compression {
  /** Of bytes so few that handing them to another thread would take this one longer. */
  whole(bytes: Uint8Array): Buffer;
  readonly start: () => Compressor;
  /** What pushes out all that was written. */
  readonly flush: number;
}

/** The window of brotli, as a power of two: each response under way needs memory of several times its size. */
const BROTLI_WINDOW = 18;

/** @param level What the coding makes of it: 0 to 11 for brotli, 1 to 9 for the others. */
export function compressionOf(coding: ContentCoding, level: number): Compression {
  if (coding === "br") {
    const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_OPERATION_FLUSH } = constants;
    const options: BrotliOptions = { params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_LGWIN]: BROTLI_WINDOW } };
    return {
      whole: (bytes) => brotliCompressSync(bytes, options),
      start: () => createBrotliCompress(options),
      flush: BROTLI_OPERATION_FLUSH,
    };
  }
  const options: ZlibOptions = { level };
  const flush = constants.Z_SYNC_FLUSH;
  return coding === "gzip"
    ? { whole: (bytes) => gzipSync(bytes, options), start: () => createGzip(options), flush }
    : { whole: (bytes) => deflateSync(bytes, options), start: () => createDeflate(options), flush };
}

/** Stands for the end. */
const END: unique symbol = Symbol("end");

/** Bytes that are compressed at a time, so that a large chunk is not there twice. */
const SLICE = 65_536;

/** What a body that is to be compressed consists of. */
export interface Uncompressed {
  /** What is closed if nobody reads it. */
  readonly body: unknown;
  /** Opens it; called when the first chunk is wanted. */
  open(): Sourceable<unknown>;
  /** The bytes of a chunk. */
  encode(chunk: unknown): Uint8Array;
  /** The bytes that were kept back. */
  end(): Uint8Array;
}

/**
 * A body, compressed bit by bit: nothing is opened, read or compressed before somebody asks for a chunk, and no more than is
 * asked for. Whenever the body has nothing more to say for now, all it has said is pushed out, so that no message waits for
 * the next one.
 */
export class CompressedBody implements AsyncIterableIterator<Buffer> {
  readonly #uncompressed: Uncompressed;
  readonly #compression: Compression;
  #source: Source<unknown> | undefined;
  #chunks: AsyncGenerator<Buffer, undefined> | undefined;

  constructor(uncompressed: Uncompressed, compression: Compression) {
    this.#uncompressed = uncompressed;
    this.#compression = compression;
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#chunks === undefined) {
      this.#source = toSource(this.#uncompressed.open());
      this.#chunks = compressed(this.#source, this.#uncompressed, this.#compression);
    }
    return this.#chunks.next();
  }

  /** Closes the body at once, even if a chunk of it is being waited for. */
  async return(): Promise<IteratorResult<Buffer, undefined>> {
    if (this.#source === undefined) closeBody(this.#uncompressed.body);
    else closeSource(this.#source);
    await this.#chunks?.return(undefined);
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function* compressed(
  source: Source<unknown>,
  { encode, end }: Pick<Uncompressed, "encode" | "end">,
  { start, flush }: Compression,
): AsyncGenerator<Buffer, undefined> {
  const compressor = start();
  const output = new Output(compressor);
  try {
    let isFlushed = true;
    for (;;) {
      const taken = source.take(END);
      if (!isFlushed && !(await isSoonThere(taken))) {
        await output.after((done) => compressor.flush(flush, done));
        isFlushed = true;
        yield* output.taken();
      }
      const chunk = await taken;
      const bytes = chunk === END ? end() : encode(chunk);
      for (let at = 0; at < bytes.length; at += SLICE) {
        isFlushed = false;
        await output.after((done) => compressor.write(bytes.subarray(at, at + SLICE), done));
        yield* output.taken();
      }
      if (chunk === END) break;
    }
    await output.ended();
    yield* output.taken();
  } finally {
    compressor.destroy();
    closeSource(source);
  }
  return undefined;
}

/** Will it be there in this turn of the event loop? */
async function isSoonThere(taken: Deferred<unknown>): Promise<boolean> {
  if (!taken.isRealized) await new Promise(setImmediate);
  return taken.isRealized;
}

/** What comes out of a compressor. */
class Output {
  readonly #compressor: Compressor;
  #chunks: Buffer[] = [];
  #fail: (error: Error) => void = () => {};

  constructor(compressor: Compressor) {
    this.#compressor = compressor;
    compressor.on("data", (chunk: Buffer) => this.#chunks.push(chunk));
    compressor.on("error", (error) => this.#fail(error));
  }

  /** Waits until the compressor has done something. */
  after(act: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      act((error) => (error ? reject(error) : resolve()));
    });
  }

  /** Waits until the last bytes are out. */
  ended(): Promise<void> {
    return this.after((done) => {
      this.#compressor.on("end", done);
      this.#compressor.end();
    });
  }

  /** What has come out since it was last asked for, in one piece. */
  *taken(): Generator<Buffer> {
    const [first, second] = this.#chunks;
    if (first === undefined) return;
    const whole = second === undefined ? first : Buffer.concat(this.#chunks);
    this.#chunks = [];
    yield whole;
  }
}
