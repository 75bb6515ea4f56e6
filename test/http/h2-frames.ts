/** A server of HTTP/2 over plain TCP that sends what frames it likes: for what no well-behaved one ever sends. */
import type { Socket } from "node:net";
import { type Running, serveRaw } from "./servers.js";

export const END_STREAM = 1;
export const END_HEADERS = 4;
const PREFACE = 24;
const FRAME_HEAD = 9;

/** Types of frames. RFC 9113, 6. */
export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const CONTINUATION = 9;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(FRAME_HEAD);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => bytes.writeUInt32BE(value, at * 4));
  return bytes;
}

/** Status 200 in HPACK, where it is an entry of the fixed table. */
const OK = Buffer.from([0x88]);

/** A head with status 200. @param length Its content-length. */
export function ok(stream: number, flags = 0, length?: number): Buffer {
  const text = String(length);
  const lengthField = length === undefined ? [] : [0x0f, 0x0d, text.length, ...Buffer.from(text)];
  return frame(HEADERS, END_HEADERS | flags, stream, Buffer.concat([OK, Buffer.from(lengthField)]));
}

/**
 * Answers the first request with what `act` sends, and all others with "fine".
 *
 * @param act Called when the head of the request is there.
 */
export function misbehaving(act: (socket: Socket, stream: number) => void): Promise<Running> {
  let requests = 0;
  return serveRaw((socket) => {
    let received = Buffer.alloc(0);
    let isBegun = false;
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (!isBegun) {
        if (received.length < PREFACE) return;
        received = received.subarray(PREFACE);
        isBegun = true;
        socket.write(frame(SETTINGS, 0, 0));
      }
      while (received.length >= FRAME_HEAD) {
        const length = received.readUIntBE(0, 3);
        if (received.length < FRAME_HEAD + length) return;
        const [type, flags, stream] = [received[3], received[4] ?? 0, received.readUInt32BE(5)];
        received = received.subarray(FRAME_HEAD + length);
        if (type === SETTINGS && (flags & 1) === 0) socket.write(frame(SETTINGS, 1, 0));
        // As every server, when it is told that it has made a mistake.
        if (type === GOAWAY) socket.end();
        if (type !== HEADERS) continue;
        if (requests++ === 0) act(socket, stream);
        else socket.write(Buffer.concat([ok(stream), frame(DATA, END_STREAM, stream, Buffer.from("fine"))]));
      }
    });
  });
}
