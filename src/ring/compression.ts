/** How bodies are compressed: for the middleware and for the server's own option. */

import { Buffer } from "node:buffer";
import {
  asFile,
  CompressedBody,
  type Compression,
  type ContentCoding,
  charset,
  compressionOf,
  fileRegion,
  isReadable,
  regionChunks,
} from "../byte-streams/core.js";
import { type Awaitable, andThen } from "../deferred/index.js";
import { InvalidArgumentError, NotConvertibleError } from "../errors/index.js";
import { isSource, type Sourceable } from "../stream/index.js";
import { EncodingChoice, varyWith } from "./accept-encoding.js";
import { headerOf } from "./headers.js";
import { mapToFill } from "./param-map.js";
import { getCharset, getHeader, updateHeader } from "./response.js";
import { Seq } from "./seq.js";
import type { HeaderValue, RingRequest, RingResponse } from "./types.js";

export type { ContentCoding };

/** What is compressed, and how. */
export interface CompressionOptions {
  /** Codings to choose from by what the client likes; the first is taken if it has no opinion. @default ["br", "gzip", "deflate"] */
  readonly encodings?: readonly ContentCoding[] | undefined;
  /** Bodies of known size that have fewer bytes are sent as they are. @default 1024 */
  readonly threshold?: number | undefined;
  /** Is a response of this content-type worth it? @default text, JSON, XML, JavaScript, WebAssembly, SVG, fonts and their like */
  readonly filter?: ((contentType: string, response: RingResponse) => boolean) | undefined;
  /** From 0, fast, to 11, small. @default 4 */
  readonly brotliQuality?: number | undefined;
  /** Of gzip and deflate, from 1, fast, to 9, small. @default 6 */
  readonly gzipLevel?: number | undefined;
}

/** What is looked at of a request. */
export type CompressibleRequest = Partial<Pick<RingRequest, "requestMethod" | "headers">>;

/** Options that have been checked. */
export interface CompressionPlan {
  readonly choice: EncodingChoice<ContentCoding>;
  readonly compressions: Readonly<Record<ContentCoding, Compression>>;
  readonly threshold: number;
  readonly filter: (contentType: string, response: RingResponse) => boolean;
}

const COMPRESSIBLE =
  /^(?:text\/|font\/(?:ttf|otf|collection)|image\/(?:svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)|application\/(?:json|x-ndjson|jsonl|javascript|x-javascript|ecmascript|xml|xhtml|wasm|edn|rtf|postscript|graphql|sql|yaml|x-yaml|toml|x-www-form-urlencoded|vnd\.ms-fontobject|transit\+json)|[^;/]+\/[^;/]+\+(?:json|xml|yaml|text))/i;

const ENCODINGS: readonly ContentCoding[] = ["br", "gzip", "deflate"];

/** Is a body of this content-type worth compressing? */
export function isCompressible(contentType: string): boolean {
  return COMPRESSIBLE.test(contentType);
}

function isWhole(value: number, from: number, to: number): boolean {
  return Number.isInteger(value) && value >= from && value <= to;
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, with the name of who was given the options */
export function compressionPlan(options: CompressionOptions, who: string): CompressionPlan {
  const { encodings = ENCODINGS, threshold = 1024, brotliQuality = 4, gzipLevel = 6 } = options;
  if (encodings.length === 0 || encodings.some((coding) => !ENCODINGS.includes(coding))) {
    throw new InvalidArgumentError(`${who}: encodings must name some of ${ENCODINGS.join(", ")}`);
  }
  if (!(threshold >= 0)) throw new InvalidArgumentError(`${who}: threshold must be a number of bytes from 0`);
  if (!isWhole(brotliQuality, 0, 11)) {
    throw new InvalidArgumentError(`${who}: brotliQuality must be a whole number from 0 to 11`);
  }
  if (!isWhole(gzipLevel, 1, 9)) {
    throw new InvalidArgumentError(`${who}: gzipLevel must be a whole number from 1 to 9`);
  }
  return {
    choice: new EncodingChoice(encodings),
    compressions: {
      br: compressionOf("br", brotliQuality),
      gzip: compressionOf("gzip", gzipLevel),
      deflate: compressionOf("deflate", gzipLevel),
    },
    threshold,
    filter: options.filter ?? isCompressible,
  };
}

const textOf = (response: RingResponse, name: string): string => [getHeader(response, name) ?? ""].flat().join(",");

/** Statuses whose body is none, or a part of one. */
const isUntouchable = (status: number): boolean =>
  status < 200 || status === 204 || status === 205 || status === 206 || status === 304;

/** Is this a response that clients that accept it get compressed? */
function isCandidate(response: RingResponse, request: CompressibleRequest, { filter }: CompressionPlan): boolean {
  const { body, headers, status = 200 } = response;
  if (body === null || body === undefined || request.requestMethod === "head" || isUntouchable(status)) return false;
  const contentType = headerOf(headers, "content-type");
  if (typeof contentType !== "string" || !filter(contentType, response)) return false;
  if (textOf(response, "content-encoding") !== "" || headerOf(headers, "content-range") !== undefined) {
    return false;
  }
  return !/(?:^|,)\s*no-transform\s*(?:,|$)/i.test(textOf(response, "cache-control"));
}

/** Bodies up to this size, in bytes, are compressed in place: handing them to another thread takes this one as long. */
const IN_PLACE = 16_384;

const varied = (response: RingResponse): RingResponse =>
  updateHeader(response, "Vary", (value) => varyWith(value, "Accept-Encoding"));

/** Headers that are about the bytes of the body as it was. */
const OF_THE_BYTES = new Set(["content-length", "accept-ranges", "content-md5"]);

function encoded(response: RingResponse, encoding: ContentCoding, body: Buffer | CompressedBody): RingResponse {
  const headers = mapToFill<HeaderValue>();
  for (const [name, value] of Object.entries(response.headers ?? {})) {
    const lower = name.toLowerCase();
    if (OF_THE_BYTES.has(lower)) continue;
    // The same content in other bytes: a strong validator would say that they are the same.
    headers[name] = lower === "etag" && typeof value === "string" && value.startsWith('"') ? `W/${value}` : value;
  }
  return varied({ ...response, headers: { ...headers, "Content-Encoding": encoding }, body });
}

/** Bytes of what comes bit by bit, as the adapter would send them. */
function pieces(response: RingResponse): { encode(chunk: unknown): Uint8Array; end(): Uint8Array } {
  const encoder = charset(getCharset(response) ?? "utf-8").encoder();
  const isText = !isSource(response.body);
  return {
    encode: (chunk) => {
      if (chunk === null || chunk === undefined) return NOTHING;
      if (typeof chunk === "string") return encoder.write(chunk);
      if (chunk instanceof Uint8Array) return chunk;
      if (ArrayBuffer.isView(chunk)) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
      if (isText) return encoder.write(String(chunk as number));
      throw new NotConvertibleError(chunk, "bytes, as a part of a response body");
    },
    end: () => encoder.end(),
  };
}

const NOTHING = new Uint8Array(0);

function bytesOf(body: RingResponse["body"], response: RingResponse): Uint8Array | undefined {
  if (typeof body === "string") return charset(getCharset(response) ?? "utf-8").encode(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return body instanceof ArrayBuffer ? new Uint8Array(body) : undefined;
}

function isBlob(body: unknown): body is Blob {
  return (
    Object.prototype.toString.call(body) === "[object Blob]" || Object.prototype.toString.call(body) === "[object File]"
  );
}

function comesBitByBit(body: unknown): boolean {
  if (body instanceof Seq || isSource(body) || isReadable(body)) return true;
  const like = body as Partial<Record<"getReader" | "next" | typeof Symbol.asyncIterator, unknown>>;
  return [like.getReader, like.next, like[Symbol.asyncIterator]].some((method) => typeof method === "function");
}

function compressed(
  response: RingResponse,
  request: CompressibleRequest,
  plan: CompressionPlan,
): Awaitable<RingResponse> {
  const { body } = response;
  const file = asFile(body);
  if (file !== undefined) {
    return andThen(fileRegion(file), (region) =>
      bitByBit(response, request, plan, region.length, () => regionChunks(region)),
    );
  }
  if (isBlob(body)) return bitByBit(response, request, plan, body.size, () => body.stream() as Sourceable<unknown>);
  const bytes = bytesOf(body, response);
  if (bytes === undefined) {
    // What is no body at all is for the adapter to refuse.
    if (!comesBitByBit(body)) return response;
    return bitByBit(response, request, plan, undefined, () => body as Sourceable<unknown>);
  }
  if (bytes.length > IN_PLACE) return bitByBit(response, request, plan, bytes.length, () => [bytes]);
  return inPlace(response, request, plan, bytes);
}

function inPlace(
  response: RingResponse,
  request: CompressibleRequest,
  plan: CompressionPlan,
  bytes: Uint8Array,
): RingResponse {
  if (bytes.length < plan.threshold) return response;
  const [encoding] = plan.choice.accepted(request.headers?.["accept-encoding"]);
  if (encoding === undefined) return varied(response);
  const smaller = plan.compressions[encoding].whole(bytes);
  return smaller.length < bytes.length ? encoded(response, encoding, smaller) : varied(response);
}

function bitByBit(
  response: RingResponse,
  request: CompressibleRequest,
  plan: CompressionPlan,
  length: number | undefined,
  open: () => Sourceable<unknown>,
): RingResponse {
  if (length !== undefined && length < plan.threshold) return response;
  const [encoding] = plan.choice.accepted(request.headers?.["accept-encoding"]);
  if (encoding === undefined) return varied(response);
  const uncompressed = { body: response.body, open, ...pieces(response) };
  return encoded(response, encoding, new CompressedBody(uncompressed, plan.compressions[encoding]));
}

/** A response, compressed if it is worth it and the client can read it. */
export function compressedBy(
  response: RingResponse | null | undefined,
  request: CompressibleRequest,
  plan: CompressionPlan,
): Awaitable<RingResponse | null | undefined> {
  if (response === null || response === undefined || !isCandidate(response, request, plan)) return response;
  return compressed(response, request, plan);
}
