/** Copies all bytes from here to there. Source: `clj-commons.byte-streams/transfer`. */

import { Buffer } from "node:buffer";
import { copyFile } from "node:fs/promises";
import { Writable } from "node:stream";
import { type Awaitable, chain, type Deferred } from "../deferred/index.js";
import { NotConvertibleError } from "../errors/index.js";
import type { Source } from "../stream/index.js";
import { type ByteSink, destroyed } from "./byte-sink.js";
import { convertTo, graph, sourceDescriptor } from "./conversions.js";
import type { HttpFile } from "./http-file.js";
import type { ConvertOptions } from "./options.js";
import { sinkDescriptor, streamOf, type Type, types } from "./types.js";

export interface TransferOptions extends ConvertOptions {
  /** Are source and sink closed when all has been copied, and given up when it cannot be? @default true */
  readonly close?: boolean | undefined;
}

type Copy = (source: unknown, sink: unknown, options: TransferOptions) => Awaitable<unknown>;

interface Transfer {
  readonly from: Type;
  readonly to: Type;
  readonly copy: Copy;
}

/** The newest first. */
const transfers: Transfer[] = [];

/**
 * Copies all bytes of a source to a sink.
 *
 * A chunk is read when the one before has been taken: a slow sink slows the source, and whatever the size, only a few chunks
 * are in memory. Of all transfers that are known (`defTransfer`) it is the one that the two can be converted for at the least
 * cost.
 *
 * @param source Whatever `convert` takes.
 * @param sink A file, a Node `Writable`, a web `WritableStream`, a sink of the kit, or what can be converted into one.
 * @returns a deferred that yields when the last byte has arrived. It fails with the error of either side; the other is then
 *   closed too (the sink, unless `close` is false), and with `RING_SINK_CLOSED` if the sink ends before the source.
 * @example
 * await transfer("hello", createWriteStream("hello.txt"));
 * await transfer("again", new URL("hello.txt", "file:///tmp/"), { append: false });
 * @see Source: `clj-commons.byte-streams/transfer`. Differs: `append: false` leaves nothing of what the file held.
 */
export function transfer(source: unknown, sink: unknown, options: TransferOptions = {}): Deferred<void> {
  return chain(source, (x) => {
    const from = options.sourceType ?? sourceDescriptor(x);
    const to = sinkDescriptor(sink);
    if (from === undefined) throw new NotConvertibleError(x, "bytes to transfer");
    if (to === undefined) throw new NotConvertibleError(sink, "a sink of bytes");
    const best = bestTransfer(from, to);
    if (best === undefined) throw new NotConvertibleError(sink, `a sink of bytes for ${from.name}`);
    const rest = { ...options, sourceType: undefined };
    return chain(convertTo(best.from, x, options), (input) =>
      // The source is opened first: a sink is not touched for one that cannot be.
      chain(convertTo(best.to, sink, rest), (output) => chain(best.copy(input, output, rest), () => undefined)),
    );
  }) as Deferred<void>;
}

function bestTransfer(from: Type, to: Type): Transfer | undefined {
  let best: { readonly transfer: Transfer; readonly cost: number; readonly steps: number } | undefined;
  for (const transfer of transfers) {
    const read = graph.path(from, transfer.from);
    const written = graph.path(to, transfer.to);
    if (read === undefined || written === undefined) continue;
    const cost = read.cost + written.cost;
    const steps = read.edges.length + written.edges.length;
    if (best === undefined || cost < best.cost || (cost === best.cost && steps < best.steps)) {
      best = { transfer, cost, steps };
    }
  }
  return best?.transfer;
}

/**
 * Adds a special way to copy from one type to another; values that can be converted into the two use it as well, if that
 * costs less than the general way.
 *
 * @param copy Gets source, sink and options; what it returns is waited for. It closes both, unless `close` is false.
 * @example
 * class Counter {
 *   count = 0;
 * }
 * const counter = defType("counter", (x): x is Counter => x instanceof Counter);
 * defTransfer(types.bytes, counter, (bytes, sink) => void (sink.count += bytes.length));
 * const total = new Counter();
 * await transfer("hello", total);
 * total.count; // => 5
 * @see Source: `clj-commons.byte-streams/def-transfer`.
 */
export function defTransfer<A, B>(
  from: Type<A>,
  to: Type<B>,
  copy: (source: A, sink: B, options: TransferOptions) => Awaitable<unknown>,
): void {
  transfers.unshift({ from, to, copy: copy as Copy });
}

/**
 * Can bytes be copied from one type to the other?
 *
 * @example
 * isOptimizedTransfer(types.string, types.file); // => true
 * isOptimizedTransfer(types.string, types.string); // => false
 * @see Source: `clj-commons.byte-streams/optimized-transfer?`.
 */
export function isOptimizedTransfer(from: Type, to: Type): boolean {
  return bestTransfer(from, to) !== undefined;
}

/** A sink that forgets what is written to it. @see Source: `clj-commons.byte-streams/dev-null`. */
export function devNull(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

defTransfer(streamOf(types.bytes), types.byteSink, (chunks, sink, { close = true }) => pump(chunks, sink, close));

defTransfer(types.file, types.file, (from, to, options) => {
  const isPlain = options.append === false && isWholeFile(from) && isWholeFile(to);
  if (isPlain) return copyFile(from.path, to.path);
  return chain(convertTo(streamOf(types.bytes), from, options), (chunks) =>
    chain(convertTo(types.byteSink, to, options), (sink) => pump(chunks, sink, true)),
  );
});

function isWholeFile({ offset, length }: HttpFile): boolean {
  return offset === 0 && length === undefined;
}

async function pump(chunks: Source<Uint8Array>, sink: ByteSink, close: boolean): Promise<void> {
  let isGone = false;
  const stopListening = sink.onGone?.(() => {
    isGone = true;
    // Whoever waits for the source need not wait any longer.
    chunks.close();
  });
  try {
    for await (const chunk of chunks) if (!(await sink.sendBytes(chunk))) throw destroyed();
    if (isGone) await failed(sink);
    stopListening?.();
    if (close) await sink.close();
  } catch (error) {
    stopListening?.();
    if (close) sink.abort?.(error);
    throw error;
  } finally {
    if (!close) sink.release?.();
  }
}

/** What a sink that has gone has gone with. */
async function failed(sink: ByteSink): Promise<never> {
  await sink.sendBytes(Buffer.alloc(0));
  throw destroyed();
}
