/** The parts of a multipart request as a stream. Source: `aleph.http.multipart/decode-request`. */

import { tmpdir } from "node:os";
import { Readable } from "node:stream";
import { BodyAbortedError, type ByteBody, charset, Gathered, readChunks } from "../byte-streams/core.js";
import { type Deferred, isDeferrable, toDeferred } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import { checkOptionNames } from "../errors/options.js";
import { exchangeBehind } from "../message/index.js";
import {
  type FormPart,
  formParts,
  InvalidFilenameError,
  MultipartError,
  MultipartLimitError,
} from "../multipart/index.js";
import { findContentTypeCharset } from "../ring/parsing.js";
import { contentType } from "../ring/request.js";
import type { RingRequest } from "../ring/types.js";
import { type Source, toSource } from "../stream/index.js";
import { atLeast } from "./client/options.js";
import { PartFiles } from "./part-files.js";

interface PartFacts {
  readonly partName: string;
  /** As the part says, else "UTF-8". */
  readonly charset: string;
  /** Bytes. */
  readonly size: number;
}

/** A field of a form. */
export interface DecodedField extends PartFacts {
  readonly isFile: false;
  readonly isMemory: true;
  readonly content: string;
  readonly name?: undefined;
  readonly mimeType?: undefined;
  readonly transferEncoding?: undefined;
  readonly file?: undefined;
}

/** A file of a form. */
export interface DecodedFile extends PartFacts {
  readonly isFile: true;
  /** Is it in memory, or in a file of its own? */
  readonly isMemory: boolean;
  /** The bytes as they were sent. Once it was read to its end or destroyed, `file` is gone. */
  readonly content: Readable;
  /** The name that the client gave it, perhaps "" or with a path; never to be used as a path. */
  readonly name: string;
  readonly mimeType: string | undefined;
  /** What it says of its encoding, which is not undone. */
  readonly transferEncoding: string | undefined;
  /** The path of its temporary file; undefined if it is in memory. Move it, or copy it, to keep it. */
  readonly file: string | undefined;
}

/** A part of a form; `isFile` tells the two apart. */
export type DecodedPart = DecodedField | DecodedFile;

/** Where the parts of a form go, and how much of them is taken. */
export interface DecodeRequestOptions {
  /** Bytes of a file that are held in memory; larger ones go to temporary files, and with 0 all of them. @default 16_384 */
  readonly memoryLimit?: number | undefined;
  /** Keep temporary files until `cleanup` is called. @default false */
  readonly manualCleanup?: boolean | undefined;
  /** Most parts. @default 1000 */
  readonly maxParts?: number | undefined;
  /** Longest part, in bytes; Infinity is no limit. @default 1_073_741_824 (1 GiB) */
  readonly maxPartSize?: number | undefined;
  /** Longest field, in bytes; fields are held in memory. @default 1_048_576 (1 MiB) */
  readonly maxFieldSize?: number | undefined;
  /** Largest head of a part, its empty line included, in bytes. @default 8192 */
  readonly maxPartHeaderSize?: number | undefined;
  /** Folder of the temporary files. @default the system's */
  readonly directory?: string | undefined;
}

const LIMITS = {
  memoryLimit: 16_384,
  maxParts: 1000,
  maxPartSize: 1_073_741_824,
  maxFieldSize: 1_048_576,
  maxPartHeaderSize: 8192,
};
const KNOWN: Record<keyof DecodeRequestOptions, true> = {
  memoryLimit: true,
  manualCleanup: true,
  maxParts: true,
  maxPartSize: true,
  maxFieldSize: true,
  maxPartHeaderSize: true,
  directory: true,
};
const LIMIT_NAMES = { maxFileSize: "maxPartSize", maxPartCount: "maxParts" };

type Settings = Readonly<typeof LIMITS> & { readonly manualCleanup: boolean; readonly directory: string };

/** Removes the temporary files; it may be called more than once. */
export type Cleanup = () => Deferred<void>;

/**
 * Takes the multipart form of a request apart, a part whenever one is taken: the body is read no further than that, so a slow
 * consumer slows the client.
 *
 * Fields are text, files are streams: small ones in memory, larger ones in temporary files that only this user may read. Such a
 * file is deleted when its content was read to the end or destroyed, at the latest when the request is over: answered, or
 * left by its client (of a request that is on no wire, when the process exits). With `manualCleanup` it lives until
 * `cleanup()`. When the body fails, or the stream is closed, what was being written goes at once.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a limit that is none. The stream fails with
 *   `RING_MULTIPART_TYPE` (415) for a request that is no multipart form; `RING_MULTIPART_MALFORMED` (400), also for a form
 *   without boundary or without its end; `RING_MULTIPART_LIMIT` (413); `RING_BODY_ABORTED`, `RING_MULTIPART_FILENAME`,
 *   `RING_MULTIPART_HEADERS` (400); `RING_UNKNOWN_CHARSET` (415).
 * @example
 * const upload = async (request) => {
 *   const sizes = new Map();
 *   for await (const { partName, size } of http.decodeRequest(request, { maxPartSize: 10_000_000 })) sizes.set(partName, size);
 *   return { status: 200, body: JSON.stringify([...sizes]) };
 * };
 * @see Source: `aleph.http.multipart/decode-request`. Differs: limits; malformed forms are errors; files live until they were
 *   read; files have `content` wherever they are; no `body-buffer-size`, for the body is read as it comes.
 */
export function decodeRequest(
  request: Partial<RingRequest>,
  options: DecodeRequestOptions & { readonly manualCleanup: true },
): readonly [parts: Source<DecodedPart>, cleanup: Cleanup];
export function decodeRequest(
  request: Partial<RingRequest>,
  options?: DecodeRequestOptions & { readonly manualCleanup?: false | undefined },
): Source<DecodedPart>;
export function decodeRequest(request: Partial<RingRequest>, options: DecodeRequestOptions = {}): unknown {
  const settings = settingsOf(options);
  const decoding = new Decoding(request, settings);
  const parts = toSource<DecodedPart>({ [Symbol.asyncIterator]: () => decoding });
  return settings.manualCleanup ? [parts, () => toDeferred(decoding.cleanup())] : parts;
}

function settingsOf(options: DecodeRequestOptions): Settings {
  checkOptionNames("decodeRequest", options, KNOWN);
  const limits = { ...LIMITS };
  for (const name of Object.keys(LIMITS) as (keyof typeof LIMITS)[]) {
    const limit = options[name] ?? LIMITS[name];
    limits[name] = atLeast(0, name, limit);
  }
  return { ...limits, manualCleanup: options.manualCleanup ?? false, directory: options.directory ?? tmpdir() };
}

/** A form under way: an iterator that a source asks for each part. */
class Decoding implements AsyncIterator<DecodedPart, undefined> {
  readonly #settings: Settings;
  readonly #files: PartFiles;
  readonly #left = new AbortController();
  readonly #parts: AsyncGenerator<FormPart, void>;
  /** The body, as long as nobody has asked for a part. */
  #unread: ByteBody | undefined;
  #isOver = false;

  constructor(request: Partial<RingRequest>, settings: Settings) {
    this.#settings = settings;
    this.#files = new PartFiles(settings.directory, !settings.manualCleanup);
    this.#parts = this.#partsOf(request);
    this.#unread = request.body ?? undefined;
    const exchange = exchangeBehind(request);
    if (exchange?.isGone === true) this.#over();
    else exchange?.onGone(() => this.#over());
  }

  async next(): Promise<IteratorResult<DecodedPart, undefined>> {
    this.#unread = undefined;
    try {
      if (this.#isOver) throw new BodyAbortedError();
      const { value: part } = await this.#parts.next();
      if (part === undefined) return { done: true, value: undefined };
      return { done: false, value: part.filename === undefined ? await this.#field(part) : await this.#file(part) };
    } catch (error) {
      this.#leave();
      if (!this.#settings.manualCleanup) await this.#files.removeAll();
      // What was let go of looks like a body that ends too early.
      throw this.#isOver ? new BodyAbortedError() : error;
    }
  }

  async return(): Promise<IteratorResult<DecodedPart, undefined>> {
    this.#leave();
    return { done: true, value: undefined };
  }

  async cleanup(): Promise<void> {
    this.#leave();
    await this.#files.removeAll();
  }

  async *#partsOf(request: Partial<RingRequest>): AsyncGenerator<FormPart, void> {
    const type = contentType(request);
    if (type !== "multipart/form-data") {
      throw new MultipartError(
        "RING_MULTIPART_TYPE",
        `the content type of the request is ${type === undefined ? "missing" : "another one"}; decodeRequest reads multipart/form-data`,
        { status: 415 },
      );
    }
    const { maxPartSize, maxParts, maxPartHeaderSize } = this.#settings;
    yield* formParts(bodyOf(request), request.headers?.["content-type"] ?? "", {
      maxFileSize: maxPartSize,
      maxPartCount: maxParts,
      maxPartHeaderSize,
      isStrict: true,
      limitNames: LIMIT_NAMES,
      signal: this.#left.signal,
    });
  }

  async #field(part: FormPart): Promise<DecodedField> {
    const { maxFieldSize } = this.#settings;
    const gathered = new Gathered();
    if ((await gather(part, gathered, maxFieldSize)) === "more") {
      throw new MultipartLimitError("a field is longer", "maxFieldSize", maxFieldSize, "bytes");
    }
    const name = charsetOf(part);
    const content = charset(name, 415).decode(gathered.whole());
    return { partName: part.name, isFile: false, isMemory: true, content, charset: name, size: gathered.length };
  }

  async #file(part: FormPart): Promise<DecodedFile> {
    const { filename: name = "", headers } = part;
    if (name.includes("\0")) throw new InvalidFilenameError();
    const { memoryLimit } = this.#settings;
    const gathered = new Gathered();
    const isMemory = memoryLimit > 0 && (await gather(part, gathered, memoryLimit)) === "all";
    const kept = isMemory ? inMemory(gathered.copy()) : await this.#files.write(() => gathered.shift() ?? part.read());
    return {
      partName: part.name,
      isFile: true,
      isMemory,
      name,
      mimeType: part.contentType?.split(";")[0]?.trim(),
      charset: charsetOf(part),
      transferEncoding: headers["content-transfer-encoding"],
      ...kept,
    };
  }

  /** Nobody takes parts any more. */
  #leave(): void {
    if (this.#unread !== undefined) readChunks(this.#unread).abandon();
    this.#unread = undefined;
    this.#left.abort();
    this.#files.accepts = false;
    // In its turn: it may be waiting for bytes that come no more, and learns of it now.
    this.#parts.return().catch(() => {});
  }

  /** The request is over. */
  #over(): void {
    this.#isOver = true;
    this.#leave();
    if (!this.#settings.manualCleanup) void this.#files.removeAll();
  }
}

/** Reads a part until it is longer than a limit. */
async function gather(part: FormPart, gathered: Gathered, most: number): Promise<"all" | "more"> {
  while (gathered.length <= most) {
    const next = part.read();
    // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
    const chunk = isDeferrable(next) ? await next : next;
    if (chunk === undefined) return "all";
    gathered.add(chunk);
  }
  return "more";
}

function inMemory(bytes: Buffer): Pick<DecodedFile, "content" | "file" | "size"> {
  return { content: Readable.from(bytes, { objectMode: false }), file: undefined, size: bytes.length };
}

function charsetOf({ contentType = "" }: FormPart): string {
  return findContentTypeCharset(contentType) ?? "UTF-8";
}

function bodyOf({ body, parsedBody }: Partial<RingRequest>): ByteBody {
  if (body !== undefined && body !== null) return body;
  if (ArrayBuffer.isView(parsedBody)) return parsedBody as Uint8Array;
  if (parsedBody === undefined) return "";
  throw new InvalidArgumentError(
    "the body was read before by a parser of Express; use wrapMultipartParams, which takes it from there, or mount decodeRequest before the parser",
  );
}
