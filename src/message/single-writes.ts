/**
 * Node's responses give the connection the head, each chunk, its length and the breaks around it as writes of their own, up to
 * four for a chunk. Here they are one, which spares a small response a tenth of its time or more. The bytes are the same, but
 * that Node writes a head in UTF-8 if text follows it; here it is in Latin-1 always, which is what clients take it for.
 *
 * Node writes texts in Latin-1 as they are, so bytes can be joined to the text of a head as characters, one for each.
 */
import { Buffer } from "node:buffer";
import { OutgoingMessage, type ServerResponse } from "node:http";
import { SharedBytes } from "./shared-bytes.js";

/** What Node's own messages have that its types do not tell. */
interface NodesResponse extends ServerResponse {
  /** The head as it will be sent, once it is written. */
  _header: string | null | undefined;
  _headerSent: boolean;
  /** Has it a body, by the method that came and the status? Node leaves one out that must not be. */
  _hasBody: boolean;
}

/** Up to these sizes a copy takes less time than another write. In characters, and in bytes. */
const SHORT_TEXT = 65_536;
const FEW_BYTES = 4_096;

// Compared, never called.
const { end: nodesEnd, write: nodesWrite } = OutgoingMessage.prototype as unknown as Record<"end" | "write", unknown>;

/**
 * Ends a response with a body that is known as a whole, in one write with its head.
 *
 * Where others have put an `end` of their own on the response, they are given the payload.
 *
 * @param length Bytes of the payload.
 */
export function endWith(res: ServerResponse, payload: string | Uint8Array, length: number): void {
  if (res.end !== nodesEnd) {
    res.end(payload);
    return;
  }
  const piece = toNode(payload, length);
  if (!res.headersSent) res.writeHead(res.statusCode);
  const response = res as NodesResponse;
  const { _header: header } = response;
  if (typeof piece !== "string" || typeof header !== "string" || !mayJoin(response)) {
    res.end(piece, "latin1");
    return;
  }
  response._header = header + piece;
  try {
    res.end();
  } finally {
    // It is looked at afterwards, by loggers.
    response._header = header;
  }
}

/** May the body go out as a part of the head that was written? */
function mayJoin({
  _headerSent: isSent,
  _hasBody: hasBody,
  chunkedEncoding,
  strictContentLength,
}: NodesResponse): boolean {
  return hasBody && !isSent && !chunkedEncoding && !strictContentLength;
}

/**
 * Writes a piece of a body in one write with what HTTP has around it. All of a body goes this way.
 *
 * Where others have put a `write` of their own on the response, they are given the piece.
 *
 * @returns whether the connection accepts more
 */
export function writePiece(res: ServerResponse, piece: string | Uint8Array): boolean {
  if (res.write !== nodesWrite) return res.write(piece);
  if (!res.headersSent) res.writeHead(res.statusCode);
  const length = Buffer.byteLength(piece);
  if (!res.chunkedEncoding) return res.write(toNode(piece, length), "latin1");
  // For the moment Node takes the body for one that is not cut into chunks.
  res.chunkedEncoding = false;
  try {
    return writeChunk(res, piece, length);
  } finally {
    res.chunkedEncoding = true;
  }
}

function writeChunk(res: ServerResponse, piece: string | Uint8Array, length: number): boolean {
  if (piece instanceof SharedBytes) return res.write(piece.chunk);
  const size = `${length.toString(16)}\r\n`;
  const chunk = toNode(piece, length);
  if (typeof chunk === "string") return res.write(`${size}${chunk}\r\n`, "latin1");
  res.write(size, "latin1");
  res.write(chunk);
  return res.write("\r\n", "latin1");
}

/** A piece as it takes Node the least time: a text of as many characters as there are bytes, or else bytes. */
function toNode(piece: string | Uint8Array, length: number): string | Uint8Array {
  // A text of as many bytes as characters is ASCII.
  if (typeof piece === "string" && piece.length === length && length <= SHORT_TEXT) return piece;
  if (length > FEW_BYTES) return typeof piece === "string" ? Buffer.from(piece) : piece;
  const bytes = typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece.buffer, piece.byteOffset, length);
  return bytes.toString("latin1");
}
