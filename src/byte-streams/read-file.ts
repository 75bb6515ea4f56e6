/** Reads regions of files that were looked at, from the very files that were seen. */

import { createReadStream, type Stats } from "node:fs";
import { Readable } from "node:stream";
import { type Awaitable, catchError, chain, type Deferred } from "../deferred/index.js";
import { RingError } from "../errors/index.js";
import { closeDescriptor, openPath, readDescriptor, statDescriptor } from "./disk.js";
import type { FileRegion, SeenFile } from "./http-file.js";

/** Between the look-up and the opening somebody has put another file in its place. Code `RING_FILE_CHANGED`, status 503. */
export class FileChangedError extends RingError {
  constructor() {
    super("RING_FILE_CHANGED", "the file was replaced between the look-up and the answer; ask again", { status: 503 });
  }
}

/** Is it the same file, with what was seen still in it? */
function isSame(seen: Stats, now: Stats): boolean {
  return now.isFile() && seen.ino === now.ino && seen.dev === now.dev && now.size >= seen.size;
}

/**
 * Opens a file that was looked at.
 *
 * @returns its descriptor, which whoever gets it closes
 * @throws {FileChangedError} code `RING_FILE_CHANGED`, if another file is there by now.
 */
export function openSeen(seen: SeenFile): Deferred<number> {
  const opened = chain(openPath(seen.path), (descriptor) =>
    closedOnError(
      descriptor,
      chain(statDescriptor(descriptor), (stats) => {
        if (!isSame(seen.stats, stats)) throw new FileChangedError();
        return descriptor;
      }),
    ),
  );
  return catchError(opened, (error): never => {
    seen.isStale = true;
    throw error;
  });
}

/** Closes the descriptor if what was to be done with it has failed. */
function closedOnError<T>(descriptor: number, done: Deferred<T>): Deferred<T> {
  return done.onRealized(
    () => {},
    () => closeDescriptor(descriptor),
  );
}

/** Reads a region as a whole. */
export function readRegion({ seen, offset, length }: FileRegion): Awaitable<Buffer> {
  if (seen.content !== undefined) return seen.content.subarray(offset, offset + length);
  return chain(openSeen(seen), (descriptor) => {
    const close = (): void => closeDescriptor(descriptor);
    return readDescriptor(descriptor, offset, length).onRealized(close, close);
  });
}

/** A stream of a region that is open already; it closes the descriptor. */
function descriptorStream(descriptor: number, { offset, length, chunkSize }: FileRegion): Readable {
  return createReadStream("", { fd: descriptor, start: offset, end: offset + length - 1, highWaterMark: chunkSize });
}

/** The chunks of a region. The file is opened when the first one is asked for, and closed on every way out. */
export async function* regionChunks(region: FileRegion): AsyncGenerator<Buffer, void> {
  const { seen, offset, length, chunkSize } = region;
  if (length === 0) return;
  if (seen.content !== undefined) {
    for (let at = offset; at < offset + length; at += chunkSize) {
      yield seen.content.subarray(at, Math.min(at + chunkSize, offset + length));
    }
    return;
  }
  yield* descriptorStream(await openSeen(seen), region) as AsyncIterable<Buffer>;
}

/** A Node stream of a region. */
export function regionStream(region: FileRegion): Readable {
  return Readable.from(regionChunks(region), { objectMode: false });
}
