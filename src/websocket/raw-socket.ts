/**
 * What the kit needs of the `ws` library, of version 8 (its own) and of version 7 (inside express-ws); the one place that
 * knows how they differ, and the one that touches what `ws` keeps to itself.
 */

import { Buffer } from "node:buffer";
import type { ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex, Writable } from "node:stream";

/** A `WebSocket` of `ws` 7 or 8, as far as it is used here. */
export interface RawWebSocket {
  readonly readyState: number;
  readonly protocol: string;
  /** Bytes that were sent but that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array, flushed: (error?: Error | null) => void): void;
  ping(data?: string | Uint8Array): void;
  pong(data: string | Uint8Array, mask: undefined, sent: () => void): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
}

/** `readyState` of an open one. */
export const OPEN = 1;
/** `readyState` of one that has told of its end. */
export const CLOSED = 3;

/** The private parts: in both versions, and used by `ws` itself to make a Node stream of a socket. */
interface Inside {
  readonly _socket: Duplex;
  readonly _receiver: Writable;
  readonly _extensions: { readonly "permessage-deflate"?: Inflater };
}

/** What undoes the compression; `ws` gives it one piece at a time. */
interface Inflater {
  decompress(data: Buffer, isLast: boolean, callback: (...result: unknown[]) => void): void;
}

/** The connection under a websocket. */
export function connectionUnder(ws: RawWebSocket): Duplex {
  return (ws as unknown as Inside)._socket;
}

/** Both ends of a connection; undefined once it is closed. */
export interface Addresses {
  readonly localAddress: string | undefined;
  readonly remoteAddress: string | undefined;
}

/** Between whom a websocket runs: a stream of HTTP/2 has the addresses of its session. */
export function addressesUnder(ws: RawWebSocket): Addresses {
  const connection = connectionUnder(ws) as Partial<Socket> & Partial<ServerHttp2Stream>;
  const { localAddress, remoteAddress } = "session" in connection ? (connection.session?.socket ?? {}) : connection;
  return { localAddress, remoteAddress };
}

/** Holds the peer back, and lets it go on. */
export interface Reading {
  pause(): void;
  resume(): void;
}

const readings = new WeakMap<RawWebSocket, Reading>();

/** The reading of a websocket: one for each. */
export function readingOf(ws: RawWebSocket): Reading {
  const known = readings.get(ws);
  if (known !== undefined) return known;
  const plain = "pause" in ws ? (ws as unknown as Reading) : legacyReading(ws);
  const inflater = (ws as unknown as Inside)._extensions["permessage-deflate"];
  const reading = inflater === undefined ? plain : inflatingReading(plain, inflater);
  readings.set(ws, reading);
  return reading;
}

/**
 * Stops the inflater too: `ws` would go on with the chunk that it has, and of 64 KiB of compressed messages it makes up to
 * 64 MiB of plain ones.
 */
function inflatingReading(reading: Reading, inflater: Inflater): Reading {
  const inflate = inflater.decompress.bind(inflater);
  let isPaused = false;
  let held: Parameters<Inflater["decompress"]> | undefined;
  inflater.decompress = (...piece) => {
    if (isPaused) held = piece;
    else inflate(...piece);
  };
  return {
    pause() {
      isPaused = true;
      reading.pause();
    },
    resume() {
      isPaused = false;
      const piece = held;
      held = undefined;
      if (piece !== undefined) inflate(...piece);
      reading.resume();
    },
  };
}

/** `ws` 7 cannot be paused, and resumes its connection by itself whenever its parser has caught up; this does both. */
function legacyReading(ws: RawWebSocket): Reading {
  const { _socket: connection, _receiver: parser } = ws as unknown as Inside;
  let isPaused = false;
  parser.removeAllListeners("drain");
  parser.on("drain", () => {
    if (!isPaused) connection.resume();
  });
  return {
    pause() {
      isPaused = true;
      connection.pause();
    },
    resume() {
      isPaused = false;
      if (!parser.writableNeedDrain) connection.resume();
    },
  };
}

/** What a `message` event brings: text is a string in version 7, bytes in version 8. */
export type RawMessage = [data: string | Buffer, isBinary?: boolean];

export function isText([data, isBinary]: RawMessage): boolean {
  return isBinary === undefined ? typeof data === "string" : !isBinary;
}

/** The private parts of a socket that sends. */
interface SendingInside extends Inside {
  readonly extensions: string;
  readonly _isServer: boolean;
}

/** May a frame be sent past `send`? Not where it would have to be masked, or compressed, for each socket anew. */
export function takesFrames(ws: RawWebSocket): boolean {
  const { _isServer: isServer, extensions } = ws as unknown as SendingInside;
  return isServer && extensions === "";
}

const FINAL_TEXT = 0x81;
const FINAL_BYTES = 0x82;

/** A message for many, in one piece, head and all, as a server frames it (RFC 6455, 5.2): one write for each socket. */
export function frameOf(message: string | Uint8Array): Buffer {
  const isText = typeof message === "string";
  const length = isText ? Buffer.byteLength(message) : message.length;
  const start = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(start + length);
  frame[0] = isText ? FINAL_TEXT : FINAL_BYTES;
  if (start === 2) frame[1] = length;
  else if (start === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  if (isText) frame.write(message, start);
  else frame.set(message, start);
  return frame;
}
