/** Files as streams of chunks, and to write to. */

import { createReadStream, createWriteStream } from "node:fs";
import { Readable, type Writable } from "node:stream";
import { InvalidArgumentError } from "../errors/index.js";
import { fileRegion, type HttpFile } from "./http-file.js";
import type { ConvertOptions } from "./options.js";
import { regionChunks } from "./read-file.js";

/** The bytes of a file; it is opened when they are first asked for. A region beyond its end fails with `RING_FILE_REGION`. */
export function readableOf(file: HttpFile, options: ConvertOptions): Readable {
  const chunkSize = options.chunkSize ?? file.chunkSize;
  if (file.offset === 0 && file.length === undefined && file.seen === undefined) {
    return createReadStream(file.path, { highWaterMark: chunkSize });
  }
  return Readable.from(region(file, chunkSize), { objectMode: false });
}

async function* region(file: HttpFile, chunkSize: number): AsyncGenerator<Buffer> {
  yield* regionChunks({ ...(await fileRegion(file)), chunkSize });
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a region of a file. */
export function writableOf(file: HttpFile, options: ConvertOptions): Writable {
  if (file.offset !== 0 || file.length !== undefined) {
    throw new InvalidArgumentError("a region of a file cannot be written to; name the whole file");
  }
  return createWriteStream(file.path, { flags: options.append === false ? "w" : "a" });
}
