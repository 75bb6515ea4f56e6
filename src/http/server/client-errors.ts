/** What is said to clients whose bytes are no requests; Node would say the same, but for 414. */

import { STATUS_CODES } from "node:http";
import type { Server, Socket } from "node:net";
import { answerOn } from "./connections.js";

/** An error of Node's parser. */
interface ParserError extends Error {
  readonly code?: string;
  /** The piece of what came in which it was found. */
  readonly rawPacket?: Buffer;
}

/** Answers what cannot be parsed, when the requests before it have their answers, and closes the connection. */
export function answerClientErrors(server: Server): void {
  const failed = new WeakSet<Socket>();
  server.on("clientError", (error: ParserError, socket: Socket) => {
    // What follows cannot be parsed either.
    if (failed.has(socket)) return;
    failed.add(socket);
    refuseInTurn(socket, statusFor(error));
  });
}

function refuseInTurn(socket: Socket, status: number): void {
  const answer = answerOn(socket);
  // The rest of the request that is being answered is what is wrong, or something behind it.
  if (answer?.req.complete === true) answer.once("close", () => refuseInTurn(socket, status));
  else {
    if (socket.writable && answer?.headersSent !== true) socket.write(answerTo(status));
    socket.destroySoon();
  }
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
