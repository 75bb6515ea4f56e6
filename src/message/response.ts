/** The only code that writes Node's response. */
import { Buffer } from "node:buffer";
import { type Charset, utf8 } from "../byte-streams/charset.js";
import { asFile, type FileRegion, fileRegion, type HttpFile, openSeen, readRegion } from "../byte-streams/core.js";
import { andThen, isDeferrable, toDeferred } from "../deferred/index.js";
import { bytesOf, chunksOf, isBlob, notABody } from "./body.js";
import { FileChunks } from "./chunk-sources.js";
import { ContentLengthError, InvalidResponseError } from "./errors.js";
import type { Exchange } from "./exchange.js";
import { type Head, isBodiless, readHead } from "./head.js";
import { closeQuietly, Pump } from "./pump.js";
import { endWith } from "./single-writes.js";
import { charsetOf } from "./text.js";

/**
 * Sends a response map.
 *
 * The whole map is checked before anything is sent; what is wrong with it is thrown, or, where that takes time (a file
 * that is not there, a body that fails before its first chunk), raised on the exchange. What goes wrong later cuts the
 * connection. If the client has gone or somebody else has answered, nothing is sent and the body is closed.
 *
 * @throws {InvalidResponseError} code `RING_INVALID_RESPONSE`.
 * @throws {ContentLengthError} code `RING_CONTENT_LENGTH`, if a body of known size contradicts its content-length.
 */
export function respond(exchange: Exchange, response: unknown): void {
  if (exchange.isOver) {
    discard(exchange, response);
    exchange.reportSecondAnswer();
    return;
  }
  try {
    const head = readHead(response, exchange);
    exchange.checkHead(head);
    const { body } = response as { body?: unknown };
    if (typeof body === "string") sendText(exchange, head, body);
    else if (body === null || body === undefined) sendWhole(exchange, head, "", 0);
    else if (typeof body === "object") sendObject(exchange, head, body);
    else throw notABody(body, exchange);
  } catch (error) {
    discard(exchange, response);
    throw error;
  }
}

function sendText(exchange: Exchange, head: Head, text: string): void {
  const charset = charsetFor(exchange, head);
  // Node encodes UTF-8 itself, without a copy.
  if (charset === utf8) sendWhole(exchange, head, text, Buffer.byteLength(text));
  else {
    const bytes = charset.encode(text);
    sendWhole(exchange, head, bytes, bytes.length);
  }
}

/** The charset of the content-type that will be sent: the response's, or one that middleware has set. */
function charsetFor(exchange: Exchange, head: Head): Charset {
  const charset = charsetOf(head.contentType ?? (exchange.res.getHeader("content-type") as string | undefined));
  if (typeof charset !== "string") return charset;
  throw new InvalidResponseError(exchange.route, `names the unknown charset ${JSON.stringify(charset)}`);
}

/** The one place where responses end whose body is known as a whole. */
function sendWhole(exchange: Exchange, head: Head, payload: string | Uint8Array, length: number): void {
  const { req, res } = exchange;
  if (isBodiless(head.status, req.method)) {
    exchange.applyHead(head, head.status === 205 ? 0 : undefined);
    res.end();
    return;
  }
  checkLength(exchange, head, length);
  exchange.applyHead(head, length);
  endWith(res, payload, length);
}

function checkLength(exchange: Exchange, head: Head, length: number): void {
  if (head.ownLength === undefined || head.ownLength === length) return;
  throw new ContentLengthError(exchange.route, head.ownLength, `${length}`);
}

function sendObject(exchange: Exchange, head: Head, body: object): void {
  const bytes = bytesOf(body);
  if (bytes !== undefined) {
    sendWhole(exchange, head, bytes, bytes.byteLength);
    return;
  }
  const file = asFile(body);
  if (file !== undefined) {
    sendFile(exchange, head, file);
    return;
  }
  const length = isBlob(body) ? body.size : undefined;
  if (length !== undefined) checkLength(exchange, head, length);
  const charset = charsetFor(exchange, head);
  const source = chunksOf(body, exchange);
  if (source === undefined) throw notABody(body, exchange);
  if (isBodiless(head.status, exchange.req.method)) {
    closeQuietly(source);
    sendWhole(exchange, head, "", 0);
  } else new Pump(exchange, head, source, charset, length).run();
}

function sendFile(exchange: Exchange, head: Head, file: HttpFile): void {
  const sent = andThen(fileRegion(file), (region) => sendRegion(exchange, head, region));
  if (isDeferrable(sent)) toDeferred(sent).onRealized(ignore, (error) => exchange.raise(error));
}

const ignore = (): void => {};

/** Regions up to this size, in bytes, are read in one go, as that is faster than a stream. */
const WHOLE_REGION = 65_536;

/** @returns a deferred of the moment from which on the rest is the pump's */
function sendRegion(exchange: Exchange, head: Head, region: FileRegion): unknown {
  const { length } = region;
  const { req, res } = exchange;
  if (exchange.isOver) exchange.reportSecondAnswer();
  else if (req.method === "HEAD" && !isBodiless(head.status, "GET")) {
    // Unlike other bodies a file has a length that costs nothing to tell.
    exchange.applyHead(head, length);
    res.end();
  } else if (length === 0 || isBodiless(head.status, req.method)) sendWhole(exchange, head, "", 0);
  else {
    checkLength(exchange, head, length);
    return length <= WHOLE_REGION ? sendRead(exchange, head, region) : sendOpened(exchange, head, region);
  }
  return undefined;
}

function sendRead(exchange: Exchange, head: Head, region: FileRegion): unknown {
  return andThen(readRegion(region), (bytes) => {
    if (exchange.isOver) return exchange.reportSecondAnswer();
    // A file that has become shorter is not what was promised.
    checkLength(exchange, { ...head, ownLength: region.length }, bytes.length);
    sendWhole(exchange, head, bytes, bytes.length);
  });
}

function sendOpened(exchange: Exchange, head: Head, region: FileRegion): unknown {
  return andThen(openSeen(region.seen), (descriptor) => {
    const source = new FileChunks(descriptor, region);
    if (!exchange.isOver) return new Pump(exchange, head, source, utf8, region.length).run();
    closeQuietly(source);
    exchange.reportSecondAnswer();
  });
}

/** Closes the body of a response that is not sent. */
function discard(exchange: Exchange, response: unknown): void {
  const body = (response as { body?: unknown } | null | undefined)?.body;
  if (body === null || typeof body !== "object") return;
  try {
    const source = chunksOf(body, exchange);
    if (source !== undefined) closeQuietly(source);
  } catch {
    // It could not even be opened: there is nothing to close.
  }
}
