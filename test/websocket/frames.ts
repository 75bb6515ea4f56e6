/** Frames byte by byte, right ones and wrong ones: for what a proper client does not send. */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { constants, deflateRawSync } from "node:zlib";

export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export interface Frame {
  readonly opcode: number;
  readonly payload?: string | Uint8Array;
  /** @default true */
  readonly isFinal?: boolean;
  /** The three reserved bits; 4 is "compressed". @default 0 */
  readonly reserved?: number;
  /** @default true */
  readonly isMasked?: boolean;
  /** The length that it says it has. @default that of its payload */
  readonly length?: number | bigint;
}

const MASK = Buffer.from([1, 2, 3, 4]);

/** A frame as it is on the wire. */
export function encode(frame: Frame): Buffer {
  const { opcode, payload = "", isFinal = true, reserved = 0, isMasked = true } = frame;
  const data = Buffer.from(payload);
  const length = BigInt(frame.length ?? data.length);
  const first = (isFinal ? 128 : 0) | (reserved << 4) | opcode;
  const mark = isMasked ? 128 : 0;
  const size =
    length < 126n
      ? Buffer.from([first, mark | Number(length)])
      : length < 65_536n
        ? Buffer.from([first, mark | 126, Number(length) >> 8, Number(length) & 255])
        : Buffer.concat([Buffer.from([first, mark | 127]), bytesOf(length)]);
  if (!isMasked) return Buffer.concat([size, data]);
  return Buffer.concat([size, MASK, data.map((byte, i) => byte ^ (MASK[i % 4] as number))]);
}

function bytesOf(length: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(length);
  return bytes;
}

export function closePayload(code: number, reason: string | Uint8Array = ""): Buffer {
  return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
}

/** A message as permessage-deflate sends it. */
export function deflate(message: string | Uint8Array): Buffer {
  return deflateRawSync(message, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

export interface FrameClient<Connection extends Duplex = Socket> {
  readonly socket: Connection;
  readonly send: (...frames: (Frame | string | Uint8Array)[]) => void;
  /** The code of the close frame that came; 1005 if it had none, 1006 if the connection ended without one. */
  readonly closed: Promise<number>;
  /** Payloads of the frames of this kind that came so far. */
  readonly payloads: (opcode: number) => readonly string[];
  /** Waits for the payload of the frame that comes after those seen by it; fails when the connection ends first. */
  readonly next: () => Promise<ReceivedFrame>;
}

export interface ReceivedFrame {
  readonly opcode: number;
  readonly payload: Buffer;
  /** Has it been compressed? */
  readonly isCompressed: boolean;
}

/** Makes the handshake over a plain socket, and then sends what it likes. */
export async function frameClient(url: string, extra = ""): Promise<FrameClient> {
  const { hostname, port, pathname, search } = new URL(url);
  const socket = connect(Number(port), hostname === "localhost" ? "127.0.0.1" : hostname);
  const client = framesOver(socket);
  await once(socket, "connect");
  let head = Buffer.alloc(0);
  const opening = new Promise<void>((resolve) => {
    socket.on("data", function read(chunk: Buffer) {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      socket.off("data", read);
      client.receive(head.subarray(end + 4));
      socket.on("data", client.receive);
      resolve();
    });
  });
  socket.write(
    `GET ${pathname}${search} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n${extra}\r\n`,
  );
  await opening;
  return client;
}

/** Frames over a connection on which the handshake has been made; what comes is to be given to `receive`. */
export function framesOver<Connection extends Duplex>(
  socket: Connection,
): FrameClient<Connection> & { readonly receive: (chunk: Buffer) => void } {
  const came: ReceivedFrame[] = [];
  let buffer = Buffer.alloc(0);
  let seen = 0;
  let wake = (): void => {};
  /** A server's frames are not masked. */
  const parse = (): ReceivedFrame | undefined => {
    if (buffer.length < 2) return undefined;
    const first = buffer[0] as number;
    const short = (buffer[1] as number) & 127;
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (buffer.length < start) return undefined;
    const length = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short;
    if (buffer.length < start + length) return undefined;
    const payload = buffer.subarray(start, start + length);
    buffer = buffer.subarray(start + length);
    return { opcode: first & 15, payload, isCompressed: (first & 64) !== 0 };
  };
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve)).then(() => {
    wake();
    const frame = came.find(({ opcode }) => opcode === CLOSE);
    if (frame === undefined) return 1006;
    return frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0);
  });
  return {
    socket,
    receive: (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      for (let frame = parse(); frame !== undefined; frame = parse()) came.push(frame);
      wake();
    },
    send: (...frames) =>
      void socket.write(
        Buffer.concat(
          frames.map((frame) =>
            typeof frame === "string" || frame instanceof Uint8Array ? Buffer.from(frame) : encode(frame),
          ),
        ),
      ),
    closed,
    payloads: (opcode) => came.filter((frame) => frame.opcode === opcode).map(({ payload }) => payload.toString()),
    next: async () => {
      while (seen === came.length) {
        if (socket.destroyed) throw new Error("the connection ended before the frame came");
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return came[seen++] as ReceivedFrame;
    },
  };
}
