/** What is said to clients whose bytes are no requests; Node would say the same, but for 414. */

import { STATUS_CODES } from "node:http";
import type { Server, Socket } from "node:net";

/** An error of Node's parser. */
interface ParserError extends Error {
  readonly code?: string;
  /** The piece of what came in which it was found. */
  readonly rawPacket?: Buffer;
}

/** Answers what cannot be parsed, and closes the connection. */
export function answerClientErrors(server: Server): void {
  server.on("clientError", (error: ParserError, socket: Socket) => {
    if (socket.writable && !hasAnswer(socket)) socket.write(answerTo(statusFor(error)));
    socket.destroySoon();
  });
}

/** Has a response begun on this connection, so that nothing may be put between its parts? */
function hasAnswer(socket: Socket): boolean {
  return (socket as { _httpMessage?: { readonly headersSent: boolean } | null })._httpMessage?.headersSent === true;
}

function statusFor({ code, rawPacket }: ParserError): number {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return 408;
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") return 413;
  if (code !== "HPE_HEADER_OVERFLOW") return 400;
  return rawPacket !== undefined && isInRequestLine(rawPacket) ? 414 : 431;
}

/** Is it the beginning of a request, whose first line does not end? */
function isInRequestLine(packet: Buffer): boolean {
  return !packet.includes("\n") && /^[A-Z]+ [^ ]*$/.test(packet.toString("latin1", 0, 100));
}

function answerTo(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`;
}
