/** A client that speaks in bytes: for what a proper client cannot say, or does not show. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface RawClient {
  /** Everything that came so far, one character for each byte. */
  received(): string;
  send(text: string): void;
  /** Waits until what came matches; fails when the connection ends first. */
  until(pattern: RegExp): Promise<string>;
  /** Stops reading. */
  pause(): void;
  resume(): void;
  /** Goes away without a word. */
  leave(): void;
  /** Breaks the connection. */
  reset(): void;
  /** What came before the server closed the connection. */
  ended(): Promise<string>;
  /** Was it closed by a reset, not in order? */
  wasReset(): boolean;
}

/** Connects to a port of this machine. */
export async function rawClient(port: number): Promise<RawClient> {
  const socket: Socket = connect(port, "127.0.0.1");
  let text = "";
  let reset = false;
  let closed = false;
  const closing = new Promise((resolve) => socket.once("close", resolve));
  let wake = (): void => {};
  socket.setEncoding("latin1");
  socket.on("data", (piece: string) => {
    text += piece;
    wake();
  });
  socket.on("error", () => {
    reset = true;
  });
  socket.on("close", () => {
    closed = true;
    wake();
  });
  const news = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  await once(socket, "connect");
  return {
    received: () => text,
    send: (request) => void socket.write(request, "latin1"),
    until: async (pattern) => {
      while (!pattern.test(text)) {
        if (closed) throw new Error(`the connection ended before ${pattern}: ${JSON.stringify(text.slice(-500))}`);
        await news();
      }
      return text;
    },
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    leave: () => void socket.destroy(),
    reset: () => void socket.resetAndDestroy(),
    ended: async () => {
      await closing;
      return text;
    },
    wasReset: () => reset,
  };
}

/** Sends one request and reads until the server closes the connection. */
export async function exchangeRaw(port: number, request: string): Promise<string> {
  const client = await rawClient(port);
  client.send(request);
  return client.ended();
}

/** A GET request line with Host, and more header lines. */
export function get(path: string, ...lines: readonly string[]): string {
  return `${[`GET ${path} HTTP/1.1`, "Host: localhost", ...lines].join("\r\n")}\r\n\r\n`;
}

/** The lines of the head of a response. */
export function headOf(response: string): string[] {
  return (response.split("\r\n\r\n")[0] ?? "").split("\r\n");
}

/** The chunks of a response in chunked coding, without the last one, which is empty. */
export function chunksOf(response: string): string[] {
  const chunks: string[] = [];
  let rest = response.slice(response.indexOf("\r\n\r\n") + 4);
  for (;;) {
    const size = Number.parseInt(rest, 16);
    if (Number.isNaN(size) || size === 0) return chunks;
    const start = rest.indexOf("\r\n") + 2;
    chunks.push(rest.slice(start, start + size));
    rest = rest.slice(start + size + 2);
  }
}
