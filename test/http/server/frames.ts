/** A client of HTTP/2 that speaks in frames: for what a proper client never says. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Types of frames (RFC 9113, section 6). */
export const DATA = 0;
export const HEADERS = 1;
export const PRIORITY = 2;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PUSH_PROMISE = 5;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

/** Flags. */
export const END_STREAM = 1;
export const ACK = 1;
export const END_HEADERS = 4;

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A frame as bytes. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A number of four bytes. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Header fields as HPACK writes them without a table; names and values up to 126 bytes. */
export function fields(...pairs: readonly (readonly [string, string])[]): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value, "latin1")]);
  return Buffer.concat(pairs.flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

/** The fields of a request. */
export function requestFields(path: string, method = "GET", ...more: readonly (readonly [string, string])[]): Buffer {
  return fields([":method", method], [":scheme", "http"], [":path", path], [":authority", "a"], ...more);
}

/** A GET. */
export function ask(stream: number, path: string): Buffer {
  return frame(HEADERS, END_STREAM | END_HEADERS, stream, requestFields(path));
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export class FrameClient {
  /** All frames that came. */
  readonly frames: Frame[] = [];
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, bytes]);
      for (;;) {
        if (this.#rest.length < 9) break;
        const end = 9 + this.#rest.readUIntBE(0, 3);
        if (this.#rest.length < end) break;
        const [type, flags] = [this.#rest[3] as number, this.#rest[4] as number];
        this.frames.push({ type, flags, stream: this.#rest.readUInt32BE(5), payload: this.#rest.subarray(9, end) });
        this.#rest = this.#rest.subarray(end);
      }
      this.#wake();
    });
    socket.on("close", () => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Connects, with preface and settings. */
  static async to(port: number, settings: Buffer = Buffer.alloc(0)): Promise<FrameClient> {
    const socket = connect(port, "127.0.0.1");
    const client = new FrameClient(socket);
    await once(socket, "connect");
    client.send(PREFACE, frame(SETTINGS, 0, 0, settings), frame(SETTINGS, ACK, 0));
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Sends frames, in one piece. */
  send(...frames: readonly Buffer[]): void {
    if (!this.#isClosed) this.#socket.write(Buffer.concat(frames));
  }

  /** Sends the same again and again, as fast as it is taken, until the server hangs up or it was sent so often. */
  async flood(times: number, make: (i: number) => Buffer): Promise<void> {
    const piece = 500;
    for (let i = 0; i < times && !this.#isClosed; i += piece) {
      const frames = Buffer.concat(Array.from({ length: Math.min(piece, times - i) }, (_, j) => make(i + j)));
      if (this.#socket.write(frames)) await new Promise((resolve) => setImmediate(resolve));
      else await Promise.race([once(this.#socket, "drain"), once(this.#socket, "close")]).catch(() => {});
    }
  }

  pause(): void {
    this.#socket.pause();
  }

  /** Waits for a frame; fails when the connection ends first. */
  async until(matches: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = this.frames.find(matches);
      if (found !== undefined) return found;
      if (this.#isClosed) throw new Error("the connection has ended before the frame came");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits until the server has hung up. */
  async ended(): Promise<void> {
    if (!this.#isClosed) await once(this.#socket, "close");
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** The body of the response on a stream. */
export async function bodyOf(client: FrameClient, stream: number): Promise<string> {
  const isOfStream = (found: Frame): boolean => found.stream === stream;
  await client.until((found) => isOfStream(found) && (found.flags & END_STREAM) !== 0 && found.type <= HEADERS);
  const pieces = client.frames.filter((found) => isOfStream(found) && found.type === DATA);
  return Buffer.concat(pieces.map(({ payload }) => payload)).toString();
}
