/** The parts of a form: fields and files. */

import { Readable } from "node:stream";
import { type ByteBody, type Charset, utf8 } from "../byte-streams/core.js";
import { type Awaitable, andThen, isDeferrable, toDeferred } from "../deferred/index.js";
import { MultipartLimitError } from "./errors.js";
import { boundaryOf, type PartHeaders, parseParameters, parsePartHeaders, trim } from "./headers.js";
import { MultipartReader, type MultipartReaderOptions } from "./reader.js";

/** A part of a form. Its content is read once, before the next part is asked for; what is left of it then is skipped. */
export interface FormPart {
  readonly name: string;
  /** As it was sent, so perhaps "" or with a path; undefined for a field. */
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
  readonly headers: PartHeaders;
  /**
   * The next bytes, at once if they are there already; undefined at the end.
   *
   * @throws {MultipartLimitError} code `RING_MULTIPART_LIMIT`, beyond `maxFileSize`; as `MultipartReader.read`.
   */
  read(): Awaitable<Buffer | undefined>;
  /** The content as a Node stream, which is read from the body as fast as it is read from. */
  stream(): Readable;
}

export interface FormPartsOptions extends MultipartReaderOptions {
  /** Charset of the parts' headers. @default UTF-8 */
  readonly charset?: Charset | undefined;
  /** Longest part, a field's or a file's, in bytes. @default Infinity */
  readonly maxFileSize?: number | undefined;
  /** Most parts, those that are skipped included. @default 1000 */
  readonly maxPartCount?: number | undefined;
  /** What the two limits are called where they were set, for errors. */
  readonly limitNames?: { readonly maxFileSize: string; readonly maxPartCount: string } | undefined;
  /** Lets go of the body at once when it fires, also while a read waits, which then fails. */
  readonly signal?: AbortSignal | undefined;
}

const LIMIT_NAMES = { maxFileSize: "maxFileSize", maxPartCount: "maxPartCount" };

/** The default of `maxPartCount`. */
export const MAX_PART_COUNT = 1000;

class PartOfReader implements FormPart {
  readonly name: string;
  readonly filename: string | undefined;
  readonly headers: PartHeaders;
  readonly #reader: MultipartReader;
  readonly #maxSize: number;
  readonly #limitName: string;
  #size = 0;
  #isLeft = false;

  constructor(
    name: string,
    filename: string | undefined,
    headers: PartHeaders,
    reader: MultipartReader,
    maxSize: number,
    limitName: string,
  ) {
    this.name = name;
    this.filename = filename;
    this.headers = headers;
    this.#reader = reader;
    this.#maxSize = maxSize;
    this.#limitName = limitName;
    const announced = headers["content-length"] ?? "";
    if (/^[+-]?\d+$/.test(announced)) this.#check(Number(announced));
  }

  get contentType(): string | undefined {
    return this.headers["content-type"];
  }

  read(): Awaitable<Buffer | undefined> {
    // What comes now belongs to other parts.
    if (this.#isLeft) return undefined;
    return andThen(this.#reader.read(), (bytes) => {
      if (bytes === undefined) return undefined;
      this.#size += bytes.length;
      this.#check(this.#size);
      return bytes;
    });
  }

  stream(): Readable {
    return new PartStream(this);
  }

  /** Called before the reader goes on to the next part. */
  leave(): void {
    this.#isLeft = true;
  }

  #check(size: number): void {
    if (size > this.#maxSize)
      throw new MultipartLimitError("a part is longer", this.#limitName, this.#maxSize, "bytes");
  }
}

class PartStream extends Readable {
  readonly #part: FormPart;

  constructor(part: FormPart) {
    super();
    this.#part = part;
  }

  override _read(): void {
    try {
      const bytes = this.#part.read();
      if (isDeferrable(bytes)) toDeferred(bytes).onRealized(this.#pass, this.#fail);
      else this.#pass(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #pass = (bytes: Buffer | undefined): void => void this.push(bytes ?? null);
  readonly #fail = (error: unknown): void => void this.destroy(error as Error);
}

/** The name that a part's disposition gives it; undefined if it is no part of a form. */
function nameOf(disposition: string): string | undefined {
  if (!/^form-data/i.test(disposition)) return undefined;
  const name = parseParameters(disposition, ";")["name"] ?? undefined;
  return name === undefined ? undefined : trim(name);
}

function filenameOf(disposition: string): string | undefined {
  if (!/^(?:form-data|attachment)/i.test(disposition)) return undefined;
  const name = parseParameters(disposition, ";")["filename"];
  return name === undefined ? undefined : trim(name ?? "");
}

/**
 * The fields and files of a multipart body, in their order.
 *
 * A part is taken if its content-disposition is `form-data` with a name; it is a file if it has a filename, even an empty one.
 * The files in a part of the type `multipart/mixed` come out under its name. When the loop over the parts is left, at its end
 * or before, the body is let go of.
 *
 * @param contentType The body's content-type, which names the boundary.
 * @throws {MalformedMultipartError} code `RING_MULTIPART_MALFORMED`, status 400; {@link MultipartLimitError} code
 *   `RING_MULTIPART_LIMIT`, status 413; `RING_BODY_ABORTED`, status 400, if the body was cut off; `RING_MULTIPART_HEADERS`,
 *   status 400.
 * @example
 * for await (const part of formParts(request.body, "multipart/form-data; boundary=x")) {
 *   console.log(part.name, part.filename);
 * }
 */
export async function* formParts(
  body: ByteBody,
  contentType: string,
  options: FormPartsOptions = {},
): AsyncGenerator<FormPart, void, undefined> {
  const { charset = utf8, maxFileSize = Infinity, maxPartCount = MAX_PART_COUNT, signal } = options;
  const { limitNames = LIMIT_NAMES } = options;
  const boundary = boundaryOf(contentType);
  const reader = new MultipartReader(body, boundary, options);
  let outerName: string | undefined;
  let count = 0;
  const abandon = (): void => reader.abandon();
  signal?.addEventListener("abort", abandon);
  try {
    for (;;) {
      const head = await reader.nextPart();
      if (head === undefined && outerName === undefined) return;
      if (head === undefined) {
        reader.boundary = boundary;
        outerName = undefined;
        continue;
      }
      if (++count > maxPartCount)
        throw new MultipartLimitError("there are more parts", limitNames.maxPartCount, maxPartCount, "parts");
      const headers = parsePartHeaders(head, charset);
      const disposition = headers["content-disposition"] ?? "";
      const name = outerName ?? nameOf(disposition);
      if (name === undefined) continue;
      const type = headers["content-type"];
      if (outerName === undefined && type !== undefined && /^multipart\/mixed/i.test(type)) {
        reader.boundary = boundaryOf(type);
        outerName = name;
        continue;
      }
      const filename = filenameOf(disposition);
      if (outerName !== undefined && filename === undefined) continue;
      const part = new PartOfReader(name, filename, headers, reader, maxFileSize, limitNames.maxFileSize);
      yield part;
      part.leave();
    }
  } finally {
    signal?.removeEventListener("abort", abandon);
    reader.abandon();
  }
}
