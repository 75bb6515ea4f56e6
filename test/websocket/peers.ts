/** Websockets for tests: clients that remember what they saw, and single connections of `ws` 8 and of `ws` 7. */
import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from "ws";
import { Websocket } from "../../src/websocket/duplex.js";
import type { RawWebSocket } from "../../src/websocket/raw-socket.js";
import type { DuplexOptions } from "../../src/websocket/types.js";

export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A client, and what it has received. */
export interface Client {
  readonly ws: WebSocket;
  /** The headers of the answer to the handshake. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The next message: text is a string, binary is a Buffer. */
  readonly next: () => Promise<string | Buffer>;
  readonly closed: Promise<Closing>;
}

export interface ConnectOptions extends ClientOptions {
  readonly protocols?: string[];
  /** Called in the moment of the handshake. */
  readonly onOpen?: (ws: WebSocket) => void;
}

/** Connects; fails with the `status`, `headers` and `body` of an answer that is not 101. */
export async function connectTo(url: string, options: ConnectOptions = {}): Promise<Client> {
  const { protocols = [], onOpen = () => {}, ...rest } = options;
  const ws = new WebSocket(url, protocols, rest);
  const inbox: (string | Buffer)[] = [];
  let wake = (): void => {};
  let headers = {};
  ws.on("message", (data: Buffer, isBinary) => {
    inbox.push(isBinary ? data : data.toString());
    wake();
  });
  ws.on("upgrade", (response) => {
    headers = response.headers;
  });
  const closed = new Promise<Closing>((resolve) => {
    ws.on("close", (code, reason) => {
      resolve({ code, reason: reason.toString() });
      wake();
    });
  });
  await new Promise<void>((resolve, reject) => {
    ws.on("open", () => {
      onOpen(ws);
      resolve();
    });
    ws.on("error", reject);
    ws.on("unexpected-response", (_request, response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        body += piece;
      });
      response.on("end", () => {
        reject(Object.assign(new Error("refused"), { status: response.statusCode, headers: response.headers, body }));
      });
    });
  });
  return {
    ws,
    headers,
    closed,
    next: async () => {
      while (inbox.length === 0) {
        if (ws.readyState === WebSocket.CLOSED) throw new Error("the connection ended before the message");
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return inbox.shift() as string | Buffer;
    },
  };
}

/** Sends fragments as one message. */
export function sendFragments(ws: WebSocket, fragments: readonly string[]): void {
  fragments.forEach((fragment, i) => ws.send(fragment, { fin: i === fragments.length - 1 }));
}

type ServerClass = new (options: ServerOptions) => WebSocketServer;

// express-ws brings along its own.
const legacyRequire = createRequire(createRequire(import.meta.url).resolve("express-ws"));
const legacy = legacyRequire("ws") as { Server: ServerClass };

export const servers: readonly (readonly [string, ServerClass])[] = [
  ["ws 8", WebSocketServer],
  ["ws 7", legacy.Server],
];

export interface Pair {
  readonly duplex: Websocket;
  readonly client: Client;
}

/** Runs `body` with one connection, of which the server's end is a duplex. */
export async function withPair(
  Server: ServerClass,
  options: DuplexOptions,
  body: (pair: Pair) => Promise<void>,
  serverOptions: ServerOptions = {},
): Promise<void> {
  const server = new Server({ port: 0, ...serverOptions });
  await once(server, "listening");
  const connected = new Promise<Websocket>((resolve) => {
    server.on("connection", (raw) => resolve(new Websocket(raw as RawWebSocket, options)));
  });
  const client = await connectTo(`ws://localhost:${(server.address() as AddressInfo).port}`);
  try {
    await body({ duplex: await connected, client });
  } finally {
    client.ws.terminate();
    for (const raw of server.clients) raw.terminate();
    server.close();
    await once(server, "close");
  }
}

/** Lets the event loop turn until something is true. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

/** One turn of the event loop, with what came over the network in it. */
export async function turn(times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await new Promise((resolve) => setImmediate(resolve));
}
