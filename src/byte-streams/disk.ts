/** Node's calls about files, as deferreds: none of them blocks. */

import { Buffer } from "node:buffer";
import { constants, fstat, close as nodeClose, open, read, readdir, realpath, type Stats, stat } from "node:fs";
import { type Deferred, deferred } from "../deferred/index.js";
import { logError } from "../errors/index.js";

/** Makes a deferred of a call with a callback. */
function asked<T>(ask: (answer: (error: Error | null, value: T) => void) => void): Deferred<T> {
  const answer = deferred<T>();
  ask((error, value) => {
    if (error === null) answer.success(value);
    else answer.error(error);
  });
  return answer;
}

/** What the operating system says where a path leads to nothing. */
const MISSING = new Set(["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ELOOP"]);

/** As `asked`; undefined where there is nothing. A permission or a disk that fails is an error all the same. */
function askedIfThere<T>(ask: (answer: (error: Error | null, value: T) => void) => void): Deferred<T | undefined> {
  const answer = deferred<T | undefined>();
  ask((error, value) => {
    if (error === null) answer.success(value);
    else if (MISSING.has((error as NodeJS.ErrnoException).code ?? "")) answer.success(undefined);
    else answer.error(error);
  });
  return answer;
}

/** What is at a path, links followed; undefined if there is nothing. */
export function statIfThere(path: string): Deferred<Stats | undefined> {
  return askedIfThere((answer) => stat(path, answer));
}

/** The path without links and dots, by the operating system; undefined if there is nothing. */
export function realPathIfThere(path: string): Deferred<string | undefined> {
  return askedIfThere((answer) => realpath.native(path, answer));
}

/** The names in a folder, in order. */
export function namesIn(path: string): Deferred<string[]> {
  return asked((answer) => readdir(path, answer));
}

/** What is at a path, links followed. */
export function statOf(path: string): Deferred<Stats> {
  return asked((answer) => stat(path, answer));
}

// What turns out to be a FIFO must not make anybody wait for its writer.
const READ_ONLY = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

const READ_NO_LINK = READ_ONLY | (constants.O_NOFOLLOW ?? 0);

/** Opens a file for reading. @returns its descriptor, which whoever gets it closes */
export function openPath(path: string): Deferred<number> {
  return asked((answer) => open(path, READ_ONLY, answer));
}

/** What is behind a descriptor. */
export function statDescriptor(descriptor: number): Deferred<Stats> {
  return asked((answer) => fstat(descriptor, answer));
}

/** Reads up to `length` bytes from `position` on. @returns what came; fewer at the end of the file */
export function readDescriptor(descriptor: number, position: number, length: number): Deferred<Buffer> {
  return asked((answer) => {
    const bytes = Buffer.allocUnsafe(length);
    read(descriptor, bytes, 0, length, position, (error, count) => answer(error, bytes.subarray(0, count)));
  });
}

/**
 * Reads `size` bytes of a file if it is the right one, and is no link; undefined if it is not, or is shorter. In one go, as
 * this is what small files wait for.
 */
export function readIf(path: string, size: number, isRight: (stats: Stats) => boolean): Deferred<Buffer | undefined> {
  const answer = deferred<Buffer | undefined>();
  open(path, READ_NO_LINK, (error, descriptor) => {
    if (error !== null) {
      answer.error(error);
      return;
    }
    const end = (error: Error | null, bytes?: Buffer): void => {
      closeDescriptor(descriptor);
      if (error === null) answer.success(bytes);
      else answer.error(error);
    };
    fstat(descriptor, (error, stats) => {
      if (error !== null || !isRight(stats)) {
        end(error);
        return;
      }
      const bytes = Buffer.allocUnsafe(size);
      read(descriptor, bytes, 0, size, 0, (error, count) => end(error, count === size ? bytes : undefined));
    });
  });
  return answer;
}

/** Closes a descriptor; nobody waits for it. */
export function closeDescriptor(descriptor: number): void {
  nodeClose(descriptor, (error) => {
    if (error) logError(error, "a file could not be closed");
  });
}
