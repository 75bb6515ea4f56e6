/** Temporary files for what clients upload. */

import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { rmSync, writev } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { isDeferrable, toDeferred } from "../deferred/index.js";
import type { Upload } from "./upload.js";

/** A file that was written. */
export interface WrittenFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
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

/** Deletes a temporary file, if it is still there. */
export async function removeTempFile(path: string): Promise<void> {
  await rm(path, { force: true });
  kept.delete(path);
  if (kept.size === 0) process.off("exit", removeKept);
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
 * Writes a file that only this user may read, under a name that cannot be guessed. It is deleted when writing fails, and, if
 * nobody has done so before, when the process exits.
 */
export async function writeTempFile(directory: string, read: Upload["read"]): Promise<WrittenFile> {
  const path = join(directory, `ring-multipart-${randomUUID()}`);
  const file = await open(path, "wx", 0o600);
  keep(path);
  try {
    const size = await writeAll(read, file).finally(() => file.close());
    return { path, size };
  } catch (error) {
    await removeTempFile(path);
    throw error;
  }
}
