import { PassThrough, type Readable, Transform, type TransformCallback } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { isReadable } from "../../../byte-streams/core.js";
import { andThen } from "../../../deferred/index.js";
import { headerOf } from "../../../ring/headers.js";
import { mapToFill } from "../../../ring/param-map.js";
import { isSource, toReadable, toSource } from "../../../stream/index.js";
import { MalformedResponseError } from "../errors.js";
import { withHeader } from "../headers.js";
import { piped } from "../response-body.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";

const ACCEPTED = "gzip, deflate, br";

/** The request that says which encodings can be undone; those it names itself stay in front. */
export function decompressionRequest(request: ClientRequest): ClientRequest {
  const own = headerOf(request.headers, "accept-encoding") as string | readonly string[] | undefined;
  if (own === undefined) return withHeader(request, "accept-encoding", ACCEPTED);
  const named = [own].flat().join(", ");
  const missing = ACCEPTED.split(", ").filter((name) => !new RegExp(`\\b${name}\\b`, "i").test(named));
  return missing.length === 0 ? request : withHeader(request, "accept-encoding", [named, ...missing].join(", "));
}

type Open = (first: Buffer) => Transform;

/** By the names that servers give them. */
const DECODERS: ReadonlyMap<string, Open> = new Map<string, Open>([
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  // It comes in two forms, with and without the frame of zlib: the first byte tells.
  ["deflate", ([first = 0]) => ((first & 15) === 8 ? createInflate() : createInflateRaw())],
  ["br", () => createBrotliDecompress()],
  ["identity", () => new PassThrough()],
]);

/** Encodings of one body. Each costs memory and time, and no server that means well puts on more than one. */
const MAX_ENCODINGS = 5;

/** Decodes with what the first bytes ask for. Nothing is nothing in every encoding, though the decoders of zlib want more. */
class Decoder extends Transform {
  readonly #open: Open;
  #inner: Transform | undefined;
  /** Has the encoded body come to its own end? What follows it is none of it. */
  #hasEnded = false;

  constructor(open: Open) {
    super();
    this.#open = open;
  }

  override _transform(chunk: Buffer, encoding: BufferEncoding, callback: TransformCallback): void {
    this.#inner ??= this.#begin(chunk);
    if (this.#hasEnded) callback();
    else this.#inner.write(chunk, encoding, callback);
  }

  override _flush(callback: TransformCallback): void {
    if (this.#inner === undefined || this.#hasEnded) callback();
    else this.#inner.once("end", () => callback()).end();
  }

  override _read(size: number): void {
    this.#inner?.resume();
    super._read(size);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#inner?.destroy();
    callback(error);
  }

  #begin(first: Buffer): Transform {
    const inner = this.#open(first);
    inner.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) inner.pause();
    });
    inner.on("end", () => {
      this.#hasEnded = true;
    });
    inner.on("error", (error) => this.destroy(error));
    return inner;
  }
}

/** @returns undefined, if one of the encodings is not known */
function decoded(body: Readable, encodings: readonly string[]): Readable | undefined {
  const openers = encodings.map((name) => DECODERS.get(name));
  if (openers.includes(undefined)) return undefined;
  // The one that was put on last comes off first.
  return openers.reduceRight<Readable>((from, open) => piped(from, new Decoder(open as Open)), body);
}

/**
 * The response with its body decoded; `content-encoding` and the length, which are those of the encoded one, go.
 *
 * @throws {MalformedResponseError} code `RING_MALFORMED_RESPONSE`, for a body that is encoded more than five times.
 */
export function decompressionResponse(
  response: ClientResponse<unknown>,
  request: ClientRequest,
): ClientResponse<unknown> {
  const encoding = response.headers["content-encoding"];
  if (encoding === undefined || encoding === "" || isBodiless(response.status, request)) return response;
  const { body } = response;
  const readable = isReadable(body) ? body : isSource(body) ? toReadable(body) : undefined;
  if (readable === undefined) return response;
  const encodings = encoding
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (encodings.length > MAX_ENCODINGS) {
    const fault = new Error(`its body is encoded ${encodings.length} times, and ${MAX_ENCODINGS} is the most`);
    throw new MalformedResponseError(String(request.host), fault);
  }
  const plain = decoded(readable, encodings);
  if (plain === undefined) return response;
  const { "content-encoding": _encoding, "content-length": _length, ...others } = response.headers;
  const headers = Object.assign(mapToFill<string | string[]>(), others);
  const { length: _, ...rest } = response;
  return { ...rest, headers, body: isReadable(body) ? plain : toSource(plain), origContentEncoding: encoding };
}

function isBodiless(status: number, request: ClientRequest): boolean {
  return status === 204 || status === 304 || request.requestMethod?.toLowerCase() === "head";
}

/**
 * Client middleware: asks for compressed bodies and decodes them, unless `decompressBody` is false.
 *
 * @example
 * const { body, origContentEncoding } = await http.get(upstream, { as: "string" });
 * @see Source: `clj-http.client/wrap-decompression`.
 */
export function wrapDecompression(client: Client): Client {
  return (request) => {
    if (request.decompressBody === false) return client(request);
    return andThen(client(decompressionRequest(request)), (response) => decompressionResponse(response, request));
  };
}
