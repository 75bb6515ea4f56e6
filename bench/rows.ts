/** What is measured, as data: a row is one task, its contenders are the ways to do it. */

/** GET requests over kept-alive connections, each sent when the one before it is answered. */
export interface HttpLoad {
  readonly kind: "http";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly connections: number;
  /** What every contender must answer with 200, so that all do the same work. */
  readonly body: string;
}

/** Messages that the server echoes; each echo is answered by the next message. */
export interface WebsocketLoad {
  readonly kind: "websocket";
  readonly path: string;
  readonly connections: number;
  /** Messages under way on each connection. */
  readonly window: number;
  /** Bytes in a message. */
  readonly size: number;
  readonly binary: boolean;
}

/** A function of this process's own, no sockets. */
export interface MicroLoad {
  readonly kind: "micro";
}

export interface Contender {
  readonly name: string;
  /** File below bench, as it is compiled. */
  readonly module: string;
  /** The exported function: a server's starter, or the function to be measured. @default "start" */
  readonly entry?: string;
  /** Is it the kit, or something the kit is compared with? @default false */
  readonly kit?: boolean;
  /** What it has to reach: at least so many times the rate of the contender named. */
  readonly targets?: Readonly<Record<string, number>>;
}

export interface Row {
  /** Names the row on the command line. */
  readonly name: string;
  readonly title: string;
  readonly unit: "requests/s" | "messages/s" | "operations/s";
  readonly load: HttpLoad | WebsocketLoad | MicroLoad;
  /** The contender that the others are compared with. */
  readonly baseline: string;
  readonly contenders: readonly Contender[];
}

const echo = { kind: "websocket", path: "/", connections: 32, window: 8, size: 64, binary: false } as const;

export const rows: readonly Row[] = [
  {
    name: "hello",
    title: "A short text from an Express app",
    unit: "requests/s",
    load: { kind: "http", path: "/", connections: 50, body: "Hello, world!" },
    baseline: "Express, writeHead/end",
    contenders: [
      { name: "Express, res.send", module: "http/express-send.js" },
      { name: "Express, writeHead/end", module: "http/express-raw.js" },
      {
        name: "ring",
        kit: true,
        module: "http/ring-hello.js",
        entry: "startSynchronous",
        targets: { "Express, writeHead/end": 0.97, "Express, res.send": 1 },
      },
      {
        name: "ring, async handler",
        kit: true,
        module: "http/ring-hello.js",
        entry: "startAsynchronous",
        targets: { "Express, writeHead/end": 0.93 },
      },
    ],
  },
  {
    name: "parameters",
    title: "Query parameters, a cookie and a content type by file extension",
    unit: "requests/s",
    load: {
      kind: "http",
      path: "/greeting.txt?name=Ada+Lovelace&mark=%21",
      headers: { cookie: "theme=dark; language=en" },
      connections: 50,
      body: "Hello, Ada Lovelace! (dark)",
    },
    baseline: "Express, cookie-parser, res.end",
    contenders: [
      { name: "Express, cookie-parser, res.send", module: "http/express-parameters.js", entry: "startWithSend" },
      { name: "Express, cookie-parser, res.end", module: "http/express-parameters.js", entry: "startWithEnd" },
      { name: "ring, params + cookies + content-type", kit: true, module: "http/ring-parameters.js" },
    ],
  },
  {
    name: "stream",
    title: "A body of 100 messages of 64 bytes",
    unit: "requests/s",
    load: { kind: "http", path: "/", connections: 50, body: `${"x".repeat(63)}\n`.repeat(100) },
    baseline: "Express, res.write and drain",
    contenders: [
      { name: "Express, res.write and drain", module: "http/express-stream.js" },
      {
        name: "ring, stream(), every put awaited",
        kit: true,
        module: "http/ring-stream.js",
        entry: "startAwaiting",
        targets: { "Express, res.write and drain": 0.9 },
      },
      { name: "ring, stream(100), filled at once", kit: true, module: "http/ring-stream.js", entry: "startFilled" },
    ],
  },
  {
    name: "websocket",
    title: "Websocket echo, text messages of 64 bytes",
    unit: "messages/s",
    load: echo,
    baseline: "ws",
    contenders: [
      { name: "ws", module: "websocket/ws.js" },
      { name: "websocketRoute after withWebsockets", kit: true, module: "websocket/route.js", targets: { ws: 0.9 } },
      { name: "express-ws", module: "websocket/express-ws.js" },
      {
        name: "websocketRoute after withExpressWs",
        kit: true,
        module: "websocket/route-express-ws.js",
        targets: { "express-ws": 0.9 },
      },
    ],
  },
  {
    name: "websocket-binary",
    title: "Websocket echo, binary messages of 64 bytes",
    unit: "messages/s",
    load: { ...echo, binary: true },
    baseline: "ws",
    contenders: [
      { name: "ws", module: "websocket/ws.js" },
      { name: "websocketRoute after withWebsockets", kit: true, module: "websocket/route.js", targets: { ws: 0.9 } },
    ],
  },
  {
    name: "chain-realized",
    title: "Five steps on a value that is there",
    unit: "operations/s",
    load: { kind: "micro" },
    baseline: "Promise, then",
    contenders: [
      { name: "Promise, then", module: "micro/chain-realized.js", entry: "promises" },
      { name: "chain", kit: true, module: "micro/chain-realized.js", entry: "deferreds" },
    ],
  },
  {
    name: "chain-pending",
    title: "Five steps on a value that comes later",
    unit: "operations/s",
    load: { kind: "micro" },
    baseline: "p-defer, then",
    contenders: [
      { name: "p-defer, then", module: "micro/chain-pending.js", entry: "promises" },
      { name: "deferred, chain", kit: true, module: "micro/chain-pending.js", entry: "deferreds" },
    ],
  },
  {
    name: "zip",
    title: "Three values that come later, put together",
    unit: "operations/s",
    load: { kind: "micro" },
    baseline: "p-defer, Promise.all",
    contenders: [
      { name: "p-defer, Promise.all", module: "micro/zip.js", entry: "promises" },
      { name: "deferred, zip", kit: true, module: "micro/zip.js", entry: "deferreds" },
    ],
  },
  {
    name: "put-take",
    title: "A message put into a stream and taken from it",
    unit: "operations/s",
    load: { kind: "micro" },
    baseline: "node:stream, PassThrough",
    contenders: [
      { name: "node:stream, PassThrough", module: "micro/put-take.js", entry: "passThrough" },
      { name: "stream()", kit: true, module: "micro/put-take.js", entry: "unbuffered" },
      { name: "stream(16)", kit: true, module: "micro/put-take.js", entry: "buffered" },
    ],
  },
];
