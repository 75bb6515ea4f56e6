/** The temporary files of the parts of one request. */

import { createReadStream, type ReadStream } from "node:fs";
import { Readable } from "node:stream";
import { logError } from "../errors/index.js";
import { removeTempFile, type Upload, writeTempFile } from "../multipart/index.js";

/** A file that a part is in, ready to be read. */
export interface PartFile {
  readonly content: Readable;
  readonly file: string;
  readonly size: number;
}

export class PartFiles {
  readonly #directory: string;
  readonly #isOnce: boolean;
  readonly #contents = new Map<string, Readable>();
  /** Is there still somebody for the files to come? */
  accepts = true;

  /** @param isOnce Does a file go when it was read? */
  constructor(directory: string, isOnce: boolean) {
    this.#directory = directory;
    this.#isOnce = isOnce;
  }

  /** Writes one. @throws what reading, or the disk, fails with; nothing is left of it then */
  async write(read: Upload["read"]): Promise<PartFile> {
    const { path, size } = await writeTempFile(this.#directory, read);
    if (!this.accepts) {
      await removeTempFile(path);
      throw new Error("nobody takes the part any more");
    }
    const content = new FileContent(path, () => {
      if (this.#isOnce) void this.#remove(path);
    });
    this.#contents.set(path, content);
    return { content, file: path, size };
  }

  /** Closes and deletes all there are. */
  async removeAll(): Promise<void> {
    await Promise.all(
      [...this.#contents].map(([path, content]) => {
        content.destroy();
        return this.#remove(path);
      }),
    );
  }

  async #remove(path: string): Promise<void> {
    if (!this.#contents.delete(path)) return;
    try {
      await removeTempFile(path);
    } catch (error) {
      logError(error, "the temporary file of a part could not be deleted");
    }
  }
}

/** A file as a stream that opens it only when it is read, so that one that nobody reads holds nothing. */
class FileContent extends Readable {
  readonly #path: string;
  readonly #closed: () => void;
  #file: ReadStream | undefined;

  constructor(path: string, closed: () => void) {
    super();
    this.#path = path;
    this.#closed = closed;
  }

  override _read(): void {
    if (this.#file !== undefined) {
      this.#file.resume();
      return;
    }
    const file = createReadStream(this.#path);
    this.#file = file;
    file.on("data", (chunk) => {
      if (!this.push(chunk)) file.pause();
    });
    file.on("end", () => this.push(null));
    file.on("error", (error) => this.destroy(error));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#file?.destroy();
    this.#closed();
    callback(error);
  }
}
