/** Reads the parts of a multipart form: fields into memory, files into a store. */

import type { Readable } from "node:stream";
import { type ByteBody, charset, Gathered } from "../byte-streams/core.js";
import { type Awaitable, isDeferrable } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import {
  type FormPart,
  formParts,
  InvalidFilenameError,
  MultipartLimitError,
  type Upload,
  type UploadStore,
} from "../multipart/index.js";
import { addParam, mapToFill } from "../ring/param-map.js";
import { findContentTypeCharset } from "../ring/parsing.js";
import { characterEncoding, contentLength } from "../ring/request.js";
import type { RingRequest } from "../ring/types.js";

/** The default of `maxFieldsSize`. */
export const MAX_FIELDS_SIZE = 1_048_576;

type Request = Partial<RingRequest>;

/** The charsets and limits of `MultipartParamsOptions`. */
interface FormReadingOptions {
  readonly encoding?: string | null | undefined;
  readonly fallbackEncoding?: string | null | undefined;
  readonly progressFn?:
    | ((request: Request, bytesRead: number, contentLength: number, itemCount: number) => void)
    | null
    | undefined;
  readonly maxFileSize?: number | null | undefined;
  readonly maxFileCount?: number | null | undefined;
  readonly maxFieldsSize?: number | undefined;
  readonly maxPartCount?: number | undefined;
  readonly maxPartHeaderSize?: number | undefined;
}

/** A part that was read: a file's value, or a field's bytes and the charset that its own content-type names. */
type Entry =
  | { readonly name: string; readonly isFile: true; readonly value: unknown }
  | { readonly name: string; readonly isFile: false; readonly bytes: Buffer; readonly charset: string | undefined };

class PartUpload implements Upload {
  readonly filename: string;
  readonly contentType: string | undefined;
  readonly read: () => Awaitable<Uint8Array | undefined>;
  /** Fails if the stream does. */
  readonly failed: Promise<never>;
  readonly #part: FormPart;
  #fail: (error: unknown) => void = () => {};
  #stream: Readable | undefined;

  constructor(part: FormPart) {
    const { filename = "", contentType } = part;
    if (filename.includes("\0")) throw new InvalidFilenameError();
    this.filename = filename;
    this.contentType = contentType;
    this.read = () => part.read();
    this.#part = part;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  get stream(): Readable {
    this.#stream ??= this.#part.stream().once("error", this.#fail);
    return this.#stream;
  }

  end(): void {
    this.#stream?.destroy();
  }
}

/** Stores a file. If its stream fails, so does this, even where the store does not notice. */
async function storeFile(part: FormPart, request: Request, store: UploadStore): Promise<unknown> {
  const upload = new PartUpload(part);
  const value = Promise.resolve(store(upload, request));
  try {
    return await Promise.race([upload.failed, value]);
  } catch (error) {
    value.then(
      (late) => removeFile(late, store),
      () => {},
    );
    throw error;
  } finally {
    upload.end();
  }
}

async function removeFile(value: unknown, store: UploadStore): Promise<void> {
  try {
    await store.remove?.(value);
  } catch (error) {
    logError(error, "a file of an upload that failed could not be deleted");
  }
}

/** Reads all parts of a body, one by one. */
export class FormReading {
  readonly #request: Request;
  readonly #options: FormReadingOptions;
  readonly #store: UploadStore;
  readonly #entries: Entry[] = [];
  #fieldsSize = 0;

  constructor(request: Request, store: UploadStore, options: FormReadingOptions) {
    this.#request = request;
    this.#store = store;
    this.#options = options;
  }

  /** Fields and files by name. If it fails, the files stored until then are removed. */
  async params(body: ByteBody): Promise<Record<string, unknown>> {
    const { encoding, fallbackEncoding } = this.#options;
    const fallback = encoding ?? fallbackEncoding ?? characterEncoding(this.#request) ?? "utf-8";
    try {
      await this.#readAll(body, fallback);
      return this.#decoded(fallback);
    } catch (error) {
      const files = this.#entries.flatMap((entry) => (entry.isFile ? [entry.value] : []));
      await Promise.all(files.map((value) => removeFile(value, this.#store)));
      throw error;
    }
  }

  async #readAll(body: ByteBody, fallback: string): Promise<void> {
    const { progressFn, maxFileSize, maxFileCount, maxPartCount, maxPartHeaderSize } = this.#options;
    const request = this.#request;
    const length = contentLength(request) ?? -1;
    let bytesRead = 0;
    let count = 0;
    const onRead = (bytes: number): void => {
      bytesRead = bytes;
      progressFn?.(request, bytesRead, length, count);
    };
    const parts = formParts(body, request.headers?.["content-type"] ?? "", {
      charset: charset(fallback, 415),
      maxFileSize: maxFileSize ?? Infinity,
      maxPartCount,
      maxPartHeaderSize,
      onRead,
    });
    for await (const part of parts) {
      if (++count > (maxFileCount ?? Infinity)) {
        throw new MultipartLimitError("there are more fields and files", "maxFileCount", count - 1, "fields and files");
      }
      onRead(bytesRead);
      this.#entries.push(part.filename === undefined ? await this.#field(part) : await this.#file(part));
    }
  }

  async #file(part: FormPart): Promise<Entry> {
    return { name: part.name, isFile: true, value: await storeFile(part, this.#request, this.#store) };
  }

  async #field(part: FormPart): Promise<Entry> {
    const { maxFieldsSize = MAX_FIELDS_SIZE } = this.#options;
    const field = new Gathered();
    for (;;) {
      const chunk = part.read();
      // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
      const bytes = isDeferrable(chunk) ? await chunk : chunk;
      if (bytes === undefined) break;
      this.#fieldsSize += bytes.length;
      if (this.#fieldsSize > maxFieldsSize) {
        throw new MultipartLimitError("the fields are larger", "maxFieldsSize", maxFieldsSize, "bytes");
      }
      field.add(bytes);
    }
    const type = part.contentType;
    const charset = type === undefined ? undefined : findContentTypeCharset(type);
    // A copy, for a few bytes must not keep alive the large chunk that they came in.
    return { name: part.name, isFile: false, bytes: field.copy(), charset };
  }

  /** The fields as text, which can only be told at the end: a field `_charset_` may come last. */
  #decoded(fallback: string): Record<string, unknown> {
    const params = mapToFill<unknown>();
    const forced = this.#options.encoding ?? charsetField(this.#entries);
    for (const entry of this.#entries) {
      const value = entry.isFile ? entry.value : charset(forced ?? entry.charset ?? fallback, 415).decode(entry.bytes);
      addParam(params, entry.name, value);
    }
    return params;
  }
}

/** What the first part of the name `_charset_` says, as HTML has it; a file's bytes count, as in Ring, if they are in memory. */
function charsetField(entries: readonly Entry[]): string | undefined {
  const entry = entries.find(({ name }) => name === "_charset_");
  if (entry === undefined) return undefined;
  const bytes = entry.isFile ? (entry.value as { readonly bytes?: unknown } | null)?.bytes : entry.bytes;
  return ArrayBuffer.isView(bytes) ? charset("utf-8").decode(bytes as Uint8Array) : undefined;
}
