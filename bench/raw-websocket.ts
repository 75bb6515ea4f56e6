/**
 * Websockets for loads: they speak the protocol by themselves (RFC 6455, section 5.2), with frames that are made once and sent
 * again and again. A client that built and parsed each frame would need about as much of a processor as the server, and the
 * measured rate would be its own.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";
import type { Protocol } from "./row.js";

export const TEXT = 0x1;
export const BINARY = 0x2;
const CLOSE = 0x8;
const FINAL = 0x80;
const MASKED = 0x80;
const mask = Buffer.from([0x5a, 0xc3, 0x1e, 0x77]);

/** A whole frame; a client's is masked, a server's is not. */
export function frame(opcode: number, payload: Buffer, masked: boolean): Buffer {
  const maskBit = masked ? MASKED : 0;
  const length =
    payload.length < 126 ? [maskBit | payload.length] : [maskBit | 126, payload.length >> 8, payload.length & 0xff];
  if (payload.length > 0xffff) throw new Error(`messages have at most 65535 bytes here, not ${payload.length}`);
  const head = Buffer.from([FINAL | opcode, ...length]);
  if (!masked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, mask, payload.map((byte, place) => byte ^ (mask[place % 4] ?? 0))]);
}

/** The close frame of a client. */
export const goodbye: Buffer = frame(CLOSE, Buffer.from([1000 >> 8, 1000 & 0xff]), true);

/** A message of so many bytes; over socket.io it comes as the event `message`. */
export function payloadOf(size: number, protocol: Protocol | undefined): Buffer {
  const text = Buffer.alloc(size, "message ").toString();
  return Buffer.from(protocol === "socket.io" ? `42["message","${text}"]` : text);
}

/** Opens a websocket that is ready for messages. */
export async function connectWebsocket(port: number, path: string, protocol?: Protocol): Promise<Socket> {
  const handshake = request({
    port,
    path: protocol === "socket.io" ? "/socket.io/?EIO=4&transport=websocket" : path,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    },
  });
  handshake.once("response", (response) => {
    throw new Error(`the handshake was answered with ${response.statusCode}`);
  });
  handshake.end();
  const [, socket, head] = (await once(handshake, "upgrade")) as [unknown, Socket, Buffer];
  socket.setNoDelay(true);
  if (protocol === "socket.io") await greetSocketIo(socket, head);
  else if (head.length > 0) throw new Error("the server has spoken first");
  return socket;
}

/** What socket.io wants to be said before messages: its open packet is answered by a connect packet, which is answered. */
async function greetSocketIo(socket: Socket, head: Buffer): Promise<void> {
  if (head.length === 0) await once(socket, "data");
  const connected = once(socket, "data");
  socket.write(frame(TEXT, Buffer.from("40"), true));
  const [answer] = (await connected) as [Buffer];
  if (!answer.includes("40{")) throw new Error(`socket.io did not let the client in: ${answer.toString()}`);
  socket.pause();
}
