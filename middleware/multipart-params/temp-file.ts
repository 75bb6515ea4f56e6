/** Uploads in temporary files. Source: `ring.middleware.multipart-params.temp-file`. */

import { randomUUID } from "node:crypto";
import { rmSync, writev } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cancel, type Clock, type ClockOptions, currentClock } from "../../src/clock/index.js";
import { isDeferrable, toDeferred } from "../../src/deferred/index.js";
import { InvalidArgumentError, logError } from "../../src/errors/index.js";
import type { Upload, UploadStore } from "../../src/multipart/index.js";

/** A file on disk. */
export interface TempFile {
  readonly filename: string;
  readonly contentType: string | undefined;
  /** Path of the file; move it, or copy it, to keep it. */
  readonly tempfile: string;
  /** Bytes. */
  readonly size: number;
}

export interface TempFileStoreOptions extends ClockOptions {
  /**
   * Seconds that a file is kept at least, counted from the end of its upload; it goes at the next sweep, of which there is
   * one in as many seconds. Null keeps files until the process exits. @default 3600
   */
  readonly expiresIn?: number | null | undefined;
  /** Folder of the files. @default the system's for temporary files */
  readonly directory?: string | undefined;
}

/** What is to be deleted when the process exits, of all stores. */
const kept = new Set<string>();

function removeKept(): void {
  for (const path of kept) {
    try {
      rmSync(path, { force: true });
    } catch {
      // The process ends; nobody is left to tell.
    }
  }
}

function keep(path: string): void {
  if (kept.size === 0) process.on("exit", removeKept);
  kept.add(path);
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true });
  kept.delete(path);
  if (kept.size === 0) process.off("exit", removeKept);
}

/** Deletes files that are old enough, again and again while there are any. */
class Sweep {
  readonly #age: number;
  readonly #clock: Clock;
  readonly #times = new Map<string, number>();
  #cancel: Cancel | undefined;

  constructor(age: number, clock: Clock) {
    this.#age = age;
    this.#clock = clock;
  }

  add(path: string): void {
    this.#times.set(path, this.#clock.now());
    this.#cancel ??= this.#clock.every(this.#age, this.#age, () => this.#sweep());
  }

  delete(path: string): void {
    this.#times.delete(path);
    if (this.#times.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #sweep(): void {
    const latest = this.#clock.now() - this.#age;
    for (const [path, time] of this.#times) {
      // In the order of their times.
      if (time > latest) return;
      this.delete(path);
      remove(path).catch((error: unknown) => logError(error, "an expired upload could not be deleted"));
    }
  }
}

/** Bytes that are written at once, if so many are there. */
const BATCH_SIZE = 262_144;

const ignore = (): void => {};

/**
 * Writes all bytes of an upload. Bytes that come while the disk writes wait in the body's own queue, and go together in the
 * next write. Not through streams, whose queues make the garbage collector keep much of what has passed them.
 *
 * @returns how many bytes there were
 */
async function writeAll(read: Upload["read"], file: FileHandle): Promise<number> {
  let size = 0;
  let next = read();
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one batch after the other
    const first = isDeferrable(next) ? await next : next;
    if (first === undefined) return size;
    const batch = [first];
    let length = first.length;
    for (next = read(); length < BATCH_SIZE; next = read()) {
      if (next === undefined) break;
      if (isDeferrable(next)) {
        // It may fail before it is awaited, or not be awaited because the disk fails.
        toDeferred(next).onRealized(ignore, ignore);
        break;
      }
      batch.push(next);
      length += next.length;
    }
    // oxlint-disable-next-line no-await-in-loop -- one batch after the other
    await writeBatch(batch, length, file);
    size += length;
  }
}

async function writeBatch(batch: readonly Uint8Array[], length: number, file: FileHandle): Promise<void> {
  // Not the handle's own method, which makes an object and a second promise for each call.
  const bytesWritten = await new Promise<number>((resolve, reject) => {
    writev(file.fd, batch, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
  // A disk may take a part of it, for example because it is nearly full; the rest then fails, or not.
  if (bytesWritten < length) await file.writeFile(Buffer.concat(batch).subarray(bytesWritten));
}

/**
 * A store that writes uploads to temporary files, which only this user may read, under names of its own that cannot be
 * guessed. They are deleted when the upload fails or is cut off, when they are `expiresIn` old, and when the process exits
 * (not when a signal ends it that the app does not handle). Making a store starts nothing; the sweep begins with the first
 * file, and does not keep the process alive.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if `expiresIn` is not above 0.
 * @example
 * const app = wrapMultipartParams(handler, { store: tempFileStore({ expiresIn: 600 }) });
 * @see Source: `ring.middleware.multipart-params.temp-file/temp-file-store`. Differs: a failed upload leaves no files.
 */
export function tempFileStore(options: TempFileStoreOptions = {}): UploadStore<TempFile> {
  const { expiresIn = 3600, directory = tmpdir() } = options;
  if (expiresIn !== null && !(expiresIn > 0)) {
    throw new InvalidArgumentError(`expiresIn must be a number of seconds above 0, or null, not ${expiresIn}`);
  }
  const sweep = expiresIn === null ? undefined : new Sweep(expiresIn * 1000, currentClock(options));
  const save = async ({ filename, contentType, read }: Upload): Promise<TempFile> => {
    const tempfile = join(directory, `ring-multipart-${randomUUID()}`);
    const file = await open(tempfile, "wx", 0o600);
    keep(tempfile);
    let size: number;
    try {
      size = await writeAll(read, file).finally(() => file.close());
    } catch (error) {
      await remove(tempfile);
      throw error;
    }
    sweep?.add(tempfile);
    return { filename, contentType, tempfile, size };
  };
  return Object.assign(save, {
    remove: async ({ tempfile }: TempFile): Promise<void> => {
      sweep?.delete(tempfile);
      await remove(tempfile);
    },
  });
}
