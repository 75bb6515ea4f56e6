/** Parts of bodies, as download managers and media players ask for them. Not in Ring. */

import { randomBytes } from "node:crypto";
import { asFile, charset, type FileRegion, fileRegion, HttpFile, regionChunks } from "../src/byte-streams/core.js";
import { type Awaitable, andThen } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { type ByteRange, parseByteRanges } from "../src/ring/byte-ranges.js";
import { findHeaderName, headerOf } from "../src/ring/headers.js";
import { parseDate } from "../src/ring/http-date.js";
import { getCharset, getHeader } from "../src/ring/response.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

/** How much of what clients ask for is answered in parts. */
export interface RangeOptions {
  /** Ranges in one request; one with more gets the whole body. @default 16 */
  readonly maxRanges?: number | undefined;
}

type Ranged = Partial<Pick<RingRequest, "requestMethod" | "headers">>;
type Headers = Readonly<Record<string, string>>;

/** The parts of a body that has some. */
function partsOf(response: RingResponse): Awaitable<Parts> {
  const { body } = response;
  const file = asFile(body);
  if (file !== undefined) return andThen(fileRegion(file), (region) => partsOfFile(file, region));
  if (typeof body === "string") return partsOfBytes(charset(getCharset(response) ?? "utf-8").encode(body));
  return partsOfBytes(body instanceof ArrayBuffer ? new Uint8Array(body) : (body as Uint8Array));
}

/** Is all of the body there, so that any part of it can be had? Others come bit by bit. */
function hasParts({ body }: RingResponse): boolean {
  return (
    typeof body === "string" || asFile(body) !== undefined || ArrayBuffer.isView(body) || body instanceof ArrayBuffer
  );
}

const isStatus = (response: RingResponse, status: number): boolean => (response.status ?? 200) === status;

/** Has the client the same version that it has the beginning of? A weak ETag does not say so (RFC 9110, 13.1.5). */
function isSameVersion(ifRange: string | undefined, response: RingResponse): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === headerOf(response.headers, "etag");
  const modified = headerOf(response.headers, "last-modified");
  const seen = parseDate(ifRange);
  return typeof modified === "string" && seen !== undefined && seen.getTime() === parseDate(modified)?.getTime();
}

/** The response with these headers in place of those of the same names. */
function changed(response: RingResponse, headers: Headers, rest: Partial<RingResponse> = {}): RingResponse {
  const kept = { ...response.headers };
  for (const name of Object.keys(headers)) {
    const spelt = findHeaderName(kept, name);
    if (spelt !== undefined) delete kept[spelt];
  }
  return { ...response, ...rest, headers: { ...kept, ...headers } };
}

const lengthOf = ({ start, end }: ByteRange): number => end - start + 1;
const contentRange = ({ start, end }: ByteRange, size: number): string => `bytes ${start}-${end}/${size}`;

/** Parts of a body that is there, or of a file. */
interface Parts {
  readonly size: number;
  part(range: ByteRange): HttpFile | Uint8Array;
  chunks(range: ByteRange): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

function partsOfBytes(bytes: Uint8Array): Parts {
  const part = ({ start, end }: ByteRange): Uint8Array => bytes.subarray(start, end + 1);
  return { size: bytes.length, part, chunks: (range) => [part(range)] };
}

function partsOfFile(file: HttpFile, region: FileRegion): Parts {
  const { seen, offset, length: size, chunkSize } = region;
  return {
    size,
    part: (range) => new HttpFile(file.path, offset + range.start, lengthOf(range), chunkSize, seen),
    chunks: (range) => regionChunks({ seen, offset: offset + range.start, length: lengthOf(range), chunkSize }),
  };
}

/** One file open at a time, and none before the first chunk is wanted. */
async function* multipartBody(
  parts: Parts,
  ranges: readonly ByteRange[],
  heads: readonly Buffer[],
  tail: Buffer,
): AsyncGenerator<Uint8Array, void> {
  for (const [index, range] of ranges.entries()) {
    yield heads[index] as Buffer;
    yield* parts.chunks(range);
  }
  yield tail;
}

function multipart(response: RingResponse, parts: Parts, ranges: readonly ByteRange[]): RingResponse {
  const boundary = randomBytes(16).toString("hex");
  const type = getHeader(response, "content-type");
  // Nothing checks this line once it is a part of the body.
  const typeLine = type === undefined || /[\r\n]/.test(String(type)) ? "" : `Content-Type: ${String(type)}\r\n`;
  const heads = ranges.map((range) =>
    Buffer.from(`\r\n--${boundary}\r\n${typeLine}Content-Range: ${contentRange(range, parts.size)}\r\n\r\n`, "latin1"),
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const length =
    tail.length + ranges.reduce((sum, range, index) => sum + lengthOf(range) + (heads[index] as Buffer).length, 0);
  return changed(
    response,
    {
      "Content-Type": `multipart/byteranges; boundary=${boundary}`,
      "Content-Length": String(length),
      "Accept-Ranges": "bytes",
    },
    { status: 206, body: multipartBody(parts, ranges, heads, tail) },
  );
}

const accepting = (response: RingResponse): RingResponse => changed(response, { "Accept-Ranges": "bytes" });

function inParts(response: RingResponse, range: string, parts: Parts, maxRanges: number): RingResponse {
  const ranges = parts.size === 0 ? undefined : parseByteRanges(range, parts.size, maxRanges);
  if (ranges === undefined) return accepting(response);
  const [first, second] = ranges;
  if (first === undefined) {
    const refusal = { "Content-Range": `bytes */${parts.size}`, "Content-Length": "0" };
    return changed(response, refusal, { status: 416, body: null });
  }
  if (second !== undefined) return multipart(response, parts, ranges);
  return changed(
    response,
    {
      "Content-Range": contentRange(first, parts.size),
      "Content-Length": String(lengthOf(first)),
      "Accept-Ranges": "bytes",
    },
    { status: 206, body: parts.part(first) },
  );
}

/**
 * Answers a GET for parts of a body with these parts, if the response is a 200 whose body is a file, bytes or a string: 206
 * with one part, or several in a `multipart/byteranges`; 416 if none of them is there. A range that `If-Range` says is of
 * another version, one that is not well formed, and more ranges than allowed, are ignored, so the whole body is sent.
 *
 * Ranges that overlap are joined, so that no answer has more than the whole body, and a little for each part.
 *
 * @example
 * const response = { status: 200, headers: {}, body: "abcdef" };
 * await rangeResponse(response, { requestMethod: "get", headers: { range: "bytes=1-2" } }); // 206, "bc"
 */
export function rangeResponse<R extends RingResponse | null | undefined>(
  response: R,
  request: Ranged,
  options: RangeOptions = {},
): Awaitable<R | RingResponse> {
  const { requestMethod } = request;
  if (response === null || response === undefined || !isStatus(response, 200)) return response;
  if (requestMethod !== "get" && requestMethod !== "head") return response;
  const ownAccept = headerOf(response.headers, "accept-ranges");
  if (ownAccept !== undefined && ownAccept !== null) return response;
  if (!hasParts(response)) {
    // The body of a HEAD may be gone already: those that have a length are those that have parts.
    const isHeadOfParts =
      requestMethod === "head" &&
      (response.body ?? null) === null &&
      findHeaderName(response.headers, "content-length") !== undefined;
    return isHeadOfParts ? accepting(response) : response;
  }
  const { range, "if-range": ifRange } = request.headers ?? {};
  if (requestMethod !== "get" || range === undefined || !isSameVersion(ifRange, response)) return accepting(response);
  const { maxRanges = MAX_RANGES } = options;
  return andThen(partsOf(response), (parts) => inParts(response, range, parts, maxRanges));
}

const MAX_RANGES = 16;

/**
 * Middleware: hands responses through {@link rangeResponse}.
 *
 * It belongs outside of `wrapNotModified`, which goes before ranges, of `wrapContentType`, whose type each part of several
 * gets, and of `wrapHead`, as a HEAD has no ranges; inside of `wrapCompression`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if `maxRanges` is no whole number of at least 1.
 * @example
 * const app = wrapRanges(wrapNotModified(wrapContentType(wrapFile(handler, "."))));
 */
export function wrapRanges<R extends RingRequest>(handler: Handler<R>, options: RangeOptions = {}): Handler<R> {
  const { maxRanges = MAX_RANGES } = options;
  if (!Number.isSafeInteger(maxRanges) || maxRanges < 1) {
    throw new InvalidArgumentError(`wrapRanges: maxRanges must be a whole number of at least 1, not ${maxRanges}`);
  }
  const resolved: RangeOptions = { maxRanges };
  return tagged("wrapRanges", handler, (request: R) =>
    andThen(handler(request), (response) => rangeResponse(response, request, resolved)),
  );
}
