import type { Stats } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Awaitable, andThen } from "../deferred/index.js";
import { InvalidArgumentError, RingError } from "../errors/index.js";
import { statOf } from "./disk.js";

/** What a look-up has found at a path. It is this very file that is sent, or none. */
export interface SeenFile {
  /** What is opened. */
  readonly path: string;
  readonly stats: Stats;
  /** All that is in it, where that was read on the way. */
  readonly content?: Buffer | undefined;
  /** Set when it turned out that another file is there by now: whoever keeps this has to look again. */
  isStale: boolean;
}

/** A file, or a region of one, as a body. */
export class HttpFile {
  /** Names the file; its media type goes by this. */
  readonly path: string;
  /** First byte of the region. */
  readonly offset: number;
  /** Bytes in the region; undefined is up to the end of the file, whatever that is when it is sent. */
  readonly length: number | undefined;
  /** Bytes read at a time. */
  readonly chunkSize: number;
  /** Where it was looked up already, what was found; else it is looked at when it is sent. */
  readonly seen: SeenFile | undefined;

  constructor(path: string, offset = 0, length?: number, chunkSize: number = CHUNK_SIZE, seen?: SeenFile) {
    this.path = path;
    this.offset = offset;
    this.length = length;
    this.chunkSize = chunkSize;
    this.seen = seen;
  }
}

const CHUNK_SIZE = 65_536;

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
export function file(path: string | URL, offset = 0, length?: number, chunkSize: number = CHUNK_SIZE): HttpFile {
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

/** The file that a body is, or that it names as a `file:` URL; undefined for other bodies. */
export function asFile(body: unknown): HttpFile | undefined {
  if (body instanceof HttpFile) return body;
  // Not instanceof: a URL may come from another realm.
  if (body === null || typeof body !== "object" || !("href" in body && "protocol" in body)) return undefined;
  return body.protocol === "file:" ? new HttpFile(fileURLToPath(body as URL)) : undefined;
}

/** A file that was looked at: how many bytes of it are meant, from where. */
export interface FileRegion {
  readonly seen: SeenFile;
  readonly offset: number;
  readonly length: number;
  readonly chunkSize: number;
}

/**
 * Which bytes are meant: at once for a file that was looked up already, else after a look at it.
 *
 * @throws what `stat` throws; `EISDIR` for a directory; `RING_FILE_REGION` for a region beyond the end.
 */
export function fileRegion(file: HttpFile): Awaitable<FileRegion> {
  const { path, seen } = file;
  if (seen !== undefined) return regionOf(file, seen);
  return andThen(statOf(path), (stats) => regionOf(file, { path, stats, isStale: false }));
}

function regionOf({ offset, length: wanted, chunkSize }: HttpFile, seen: SeenFile): FileRegion {
  const { stats } = seen;
  if (stats.isDirectory()) {
    throw Object.assign(new Error(`EISDIR: illegal operation on a directory, read`), { code: "EISDIR" });
  }
  const length = wanted ?? Math.max(0, stats.size - offset);
  if (offset + length > stats.size) throw new FileRegionError(offset, length, stats.size);
  return { seen, offset, length, chunkSize };
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
