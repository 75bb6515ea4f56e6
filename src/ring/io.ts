/** Streams and files for the utilities and for tests. Source: `ring.util.io`. */

import { stat } from "node:fs/promises";
import { PassThrough, Readable, type Writable } from "node:stream";
import { charset } from "../byte-streams/core.js";
import { type Awaitable, isDeferrable, toDeferred } from "../deferred/index.js";

/**
 * A Node stream of a text's bytes.
 *
 * @throws {UnknownCharsetError} code `RING_UNKNOWN_CHARSET`.
 * @see Source: `ring.util.io/string-input-stream`.
 */
export function stringInputStream(text: string, encoding = "utf-8"): Readable {
  return Readable.from([charset(encoding).encode(text)], { objectMode: false });
}

/**
 * Gives the reading end of a pipe, and its writing end to `write`; when that is done the pipe ends, if it fails the
 * reading end fails.
 *
 * @see Source: `ring.util.io/piped-input-stream`. Differs: a failure reaches the reader.
 */
export function pipedInputStream(write: (output: Writable) => Awaitable<unknown>): Readable {
  const pipe = new PassThrough();
  const fail = (error: unknown): void => {
    pipe.destroy(error as Error);
  };
  try {
    const written = write(pipe);
    if (isDeferrable(written)) toDeferred(written).onRealized(() => void pipe.end(), fail);
    else pipe.end();
  } catch (error) {
    fail(error);
  }
  return pipe;
}

/** When the file was last changed, to the second; the epoch if it is missing. @see Source: `ring.util.io/last-modified-date`. */
export async function lastModifiedDate(path: string): Promise<Date> {
  try {
    return new Date(Math.floor((await stat(path)).mtimeMs / 1000) * 1000);
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return new Date(0);
    throw error;
  }
}
