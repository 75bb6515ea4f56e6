/** What kinds of response bodies there are, and how each is sent. */
import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { isDeferrable } from "../deferred/index.js";
import { describe } from "../errors/index.js";
import { Seq } from "../ring/seq.js";
import { isSource } from "../stream/index.js";
import type { ChunkSource } from "./chunk-source.js";
import { IteratorChunks, ReadableChunks, StreamChunks, WebChunks } from "./chunk-sources.js";
import { InvalidResponseError } from "./errors.js";
import type { Exchange } from "./exchange.js";

function isUrl(body: object): body is URL {
  return "href" in body && "protocol" in body;
}

/** The bytes of a body that is bytes; undefined for other bodies. */
export function bytesOf(body: object): Uint8Array | undefined {
  if (body instanceof Uint8Array) return body;
  if (ArrayBuffer.isView(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return body instanceof ArrayBuffer ? Buffer.from(body) : undefined;
}

/**
 * The chunks of a body that comes bit by bit; undefined for other bodies. Opens the body, so ask once.
 *
 * @param exchange With the request that is being answered, which may be a body too.
 */
export function chunksOf(body: object, exchange: { readonly req?: unknown }): ChunkSource | undefined {
  const like = body as Partial<Record<"pipe" | "read" | "getReader" | "next", unknown>>;
  if (isSource(body)) return new StreamChunks(body);
  if (isFunction(like.pipe) && isFunction(like.read)) {
    return new ReadableChunks(body as Readable, body === exchange.req);
  }
  if (isFunction(like.getReader)) return new WebChunks(body as ReadableStream);
  if (isBlob(body)) return new WebChunks(body.stream() as ReadableStream);
  if (body instanceof Seq) return new IteratorChunks(body[Symbol.iterator]());
  if (Symbol.asyncIterator in body) return new IteratorChunks((body as AsyncIterable<unknown>)[Symbol.asyncIterator]());
  if (isFunction(like.next)) return new IteratorChunks(body as Iterator<unknown>);
  return undefined;
}

/** Blobs know their size. */
export function isBlob(body: object): body is Blob {
  return "size" in body && typeof body.size === "number" && "stream" in body && isFunction(body.stream);
}

function isFunction(x: unknown): boolean {
  return typeof x === "function";
}

/** The error for a body that is none. */
export function notABody(body: unknown, exchange: Exchange): InvalidResponseError {
  return new InvalidResponseError(exchange.route, `has ${describe(body)} as body, ${remedy(body)}`);
}

function remedy(body: unknown): string {
  if (isDeferrable(body)) return "which is not a body: answer with a deferred or promise of the whole response";
  if (typeof body === "object" && body !== null && isUrl(body)) return "of which only file: URLs can be sent";
  if (typeof body === "function") return "which is not a body: call it, and answer with what it returns";
  return "which is data: encode it with wrapJsonResponse, or send its elements one after the other with seq(...)";
}
