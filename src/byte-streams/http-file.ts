import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { InvalidArgumentError, RingError } from "../errors/index.js";

/** A file, or a region of one, as a body. */
export class HttpFile {
  readonly path: string;
  /** First byte of the region. */
  readonly offset: number;
  /** Bytes in the region; undefined is up to the end of the file, whatever that is when it is sent. */
  readonly length: number | undefined;
  /** Bytes read at a time. */
  readonly chunkSize: number;

  constructor(path: string, offset: number, length: number | undefined, chunkSize: number) {
    this.path = path;
    this.offset = offset;
    this.length = length;
    this.chunkSize = chunkSize;
  }
}

/**
 * Names a file, or a region of one, as a response body; it is opened, and its size taken, when the response is written.
 *
 * @param path A path or a `file:` URL.
 * @param offset First byte. @default 0
 * @param length Number of bytes. @default up to the end
 * @param chunkSize Bytes read at a time. @default 65536
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if a number is not a whole one or out of range. A region
 *   beyond the end, a missing file and a directory are found when it is sent, and fail the request (`RING_FILE_REGION`,
 *   `ENOENT`, `EISDIR`).
 * @example
 * const handler = () => ({ status: 200, headers: { "content-type": "text/plain" }, body: file("notes.txt", 5, 4) });
 * @see Source: `aleph.http/file`. Differs: the file is looked at when it is sent, not when it is named.
 */
export function file(path: string | URL, offset = 0, length?: number, chunkSize = 65_536): HttpFile {
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new InvalidArgumentError(`file: offset must be a whole number of bytes from 0, not ${offset}`);
  }
  if (length !== undefined && (!Number.isSafeInteger(length) || length <= 0)) {
    throw new InvalidArgumentError(`file: length must be a whole number of bytes above 0, not ${length}`);
  }
  if (!Number.isSafeInteger(chunkSize) || chunkSize <= 0) {
    throw new InvalidArgumentError(`file: chunkSize must be a whole number of bytes above 0, not ${chunkSize}`);
  }
  return new HttpFile(typeof path === "string" ? path : fileURLToPath(path), offset, length, chunkSize);
}

/** A file that was looked at: how many bytes of it are meant, from where. */
export interface FileRegion {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  readonly chunkSize: number;
  readonly modified: Date;
}

/** Looks at the file. @throws what `stat` throws; `EISDIR` for a directory; `RING_FILE_REGION` for a region beyond the end. */
export async function fileRegion(file: HttpFile): Promise<FileRegion> {
  const stats: Stats = await stat(file.path);
  if (stats.isDirectory()) {
    throw Object.assign(new Error(`EISDIR: illegal operation on a directory, read`), { code: "EISDIR" });
  }
  const length = file.length ?? Math.max(0, stats.size - file.offset);
  if (file.offset + length > stats.size) {
    throw new FileRegionError(file.offset, length, stats.size);
  }
  return { path: file.path, offset: file.offset, length, chunkSize: file.chunkSize, modified: stats.mtime };
}

/** The region asked for does not lie inside the file. Code `RING_FILE_REGION`. */
export class FileRegionError extends RingError {
  constructor(offset: number, length: number, size: number) {
    super(
      "RING_FILE_REGION",
      `the region of ${length} bytes from byte ${offset} ends beyond the file's ${size} bytes; ask for a shorter one`,
    );
  }
}
