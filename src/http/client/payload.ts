/** What is sent as a body: of every kind, what undici takes. */

import { Buffer } from "node:buffer";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { fileURLToPath } from "node:url";
import {
  abandon,
  type ByteChunks,
  charset,
  fileRegion,
  HttpFile,
  isReadable,
  isServerRequest,
  readChunks,
} from "../../byte-streams/core.js";
import { type Awaitable, isDeferrable, toDeferred } from "../../deferred/index.js";
import { InvalidArgumentError, NotConvertibleError } from "../../errors/index.js";
import { Seq } from "../../ring/seq.js";
import { isSource, toReadable } from "../../stream/index.js";
import type { Part } from "./multipart.js";
import type { ClientRequest } from "./types.js";

/** A body that is ready to be sent. */
export interface Payload {
  readonly body: Uint8Array | Readable | null;
  /** Bytes; undefined if it is not known. */
  readonly length: number | undefined;
  /** Can it be made again from the request? */
  readonly isReplayable: boolean;
}

const NOTHING: Payload = { body: null, length: 0, isReplayable: true };

/** @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, if it is no body; what opening the file throws. */
export function payloadOf(request: ClientRequest): Awaitable<Payload> {
  const { body, length } = request;
  if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0)) {
    throw new InvalidArgumentError(`length must be a whole number of bytes from 0, not ${String(length)}`);
  }
  if (body === null || body === undefined) return NOTHING;
  if (typeof body === "string") return bytesPayload(charset(request.bodyEncoding ?? "utf-8").encode(body));
  const bytes = bytesOf(body);
  if (bytes !== undefined) return bytesPayload(bytes);
  if (typeof body !== "object") throw notABody(body);
  const file = fileOf(body);
  if (file !== undefined) return filePayload(file);
  if (isBlob(body)) {
    return { body: Readable.fromWeb(body.stream() as ReadableStream), length: body.size, isReplayable: true };
  }
  return { body: readableOf(body), length, isReplayable: false };
}

/** Can the body, or the form, be sent a second time? */
export function isReplayable({ body, multipart }: ClientRequest): boolean {
  if (multipart === undefined || multipart === null) return body === undefined || body === null || isKept(body);
  return isFormData(multipart) || multipart.every((part) => isKept(part?.content));
}

/** Is it still there when it was sent? */
function isKept(body: unknown): boolean {
  if (typeof body !== "object" || body === null) return typeof body === "string";
  return bytesOf(body) !== undefined || fileOf(body) !== undefined || isBlob(body) || isFormData(body);
}

/** Closes what a request was to send that has failed, perhaps before anybody looked at it. */
export function abandonBodies({ body, multipart }: ClientRequest): void {
  const contents = Array.isArray(multipart) ? (multipart as readonly Part[]).map((part) => part?.content) : [];
  for (const one of [body, ...contents]) if (typeof one === "object" && one !== null) abandon(one);
}

/** Is it a form, whoever's class it is? */
export function isFormData(body: unknown): body is FormData {
  return Object.prototype.toString.call(body) === "[object FormData]";
}

function bytesPayload(bytes: Uint8Array): Payload {
  return bytes.length === 0 ? NOTHING : { body: bytes, length: bytes.length, isReplayable: true };
}

async function filePayload(file: HttpFile): Promise<Payload> {
  const { path } = file;
  const { offset, length, chunkSize } = await fileRegion(file);
  if (length === 0) return NOTHING;
  const body = createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: chunkSize });
  return { body, length, isReplayable: true };
}

/** Bytes of a piece. */
const PIECE = 65_536;

/**
 * Many bytes, as a stream of pieces. HTTP/2 wants them so: Node counts what waits to be sent, and refuses every answer on a
 * connection where that is more than 10 MB.
 */
export function inPieces(bytes: Uint8Array): Uint8Array | Readable {
  if (bytes.length <= PIECE) return bytes;
  let at = 0;
  return new Readable({
    read() {
      this.push(at < bytes.length ? bytes.subarray(at, at + PIECE) : null);
      at += PIECE;
    },
  });
}

/** The bytes of a body that is bytes; undefined for other bodies. */
export function bytesOf(body: unknown): Uint8Array | undefined {
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return Object.prototype.toString.call(body) === "[object ArrayBuffer]" ? Buffer.from(body as ArrayBuffer) : undefined;
}

/** The file that a body names; undefined for other bodies. */
export function fileOf(body: object): HttpFile | undefined {
  if (body instanceof HttpFile) return body;
  const { href, protocol } = body as Partial<URL>;
  if (typeof href !== "string" || protocol !== "file:") return undefined;
  return new HttpFile(fileURLToPath(href), 0, undefined, 65_536);
}

export function isBlob(body: object): body is Blob {
  const { size, stream } = body as Partial<Blob>;
  return typeof size === "number" && typeof stream === "function";
}

/** A stream of any kind as a Node stream. @throws {NotConvertibleError} */
export function readableOf(body: object): Readable {
  if (isReadable(body)) return isServerRequest(body) ? new Relayed(body) : body;
  if (isSource(body)) return toReadable(body);
  if ("getReader" in body) return Readable.fromWeb(body as ReadableStream);
  if (body instanceof Seq || Symbol.asyncIterator in body) return fromIterable(body as AsyncIterable<unknown>);
  if (typeof (body as Partial<Iterator<unknown>>).next === "function" && !isDeferrable(body)) {
    return fromIterable({ [Symbol.iterator]: () => body as Iterator<unknown> });
  }
  throw notABody(body);
}

/** A request that is passed on. Undici takes the socket from one when it is through with it, and then nobody can answer it. */
class Relayed extends Readable {
  readonly #chunks: ByteChunks;

  constructor(request: Readable) {
    super();
    this.#chunks = readChunks(request);
  }

  override _read(): void {
    try {
      const bytes = this.#chunks.next();
      if (isDeferrable(bytes)) toDeferred(bytes).onRealized(this.#pass, this.#fail);
      else this.#pass(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#chunks.abandon();
    callback(error);
  }

  readonly #pass = (bytes: Buffer | undefined): void => void this.push(bytes ?? null);
  readonly #fail = (error: unknown): void => void this.destroy(error as Error);
}

function fromIterable(iterable: Iterable<unknown> | AsyncIterable<unknown>): Readable {
  return Readable.from(asBytes(iterable), { objectMode: false });
}

async function* asBytes(iterable: Iterable<unknown> | AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const element of iterable) {
    if (typeof element === "string") yield Buffer.from(element);
    else if (ArrayBuffer.isView(element)) yield element as Uint8Array;
    else throw new NotConvertibleError(element, "bytes, as a chunk of a body");
  }
}

function notABody(body: unknown): NotConvertibleError {
  return new NotConvertibleError(body, "a body; send data as formParams, elements one after the other with seq(...)");
}
