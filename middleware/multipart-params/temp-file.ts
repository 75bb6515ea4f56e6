/** Uploads in temporary files. Source: `ring.middleware.multipart-params.temp-file`. */

import { tmpdir } from "node:os";
import { type Cancel, type Clock, type ClockOptions, currentClock } from "../../src/clock/index.js";
import { InvalidArgumentError, logError } from "../../src/errors/index.js";
import { removeTempFile, type Upload, type UploadStore, writeTempFile } from "../../src/multipart/index.js";

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
      removeTempFile(path).catch((error: unknown) => logError(error, "an expired upload could not be deleted"));
    }
  }
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
    const { path: tempfile, size } = await writeTempFile(directory, read);
    sweep?.add(tempfile);
    return { filename, contentType, tempfile, size };
  };
  return Object.assign(save, {
    remove: async ({ tempfile }: TempFile): Promise<void> => {
      sweep?.delete(tempfile);
      await removeTempFile(tempfile);
    },
  });
}
