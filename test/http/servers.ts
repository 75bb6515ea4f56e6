/** Servers for the tests of the client: Node's own, on free ports, closed after each test. */
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import { afterEach } from "@jest/globals";
import { type ConnectionPool, connectionPool, type PoolOptions } from "../../src/http/client/pool.js";

const closers: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Calls something when the test is over. */
export function afterThisTest(close: () => Promise<unknown> | void): void {
  closers.push(close);
}

export interface Running {
  readonly url: string;
  readonly port: number;
  readonly server: Server | TcpServer;
  /** Sockets that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** How many there were. */
  readonly connections: () => number;
  /** Resolves when no socket is open. */
  readonly quiet: () => Promise<void>;
}

export async function listen(server: Server | TcpServer, scheme = "http", event = "connection"): Promise<Running> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let whenQuiet: (() => void) | undefined;
  server.on(event, (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    // Who does not read does not learn of the end.
    socket.resume();
    socket.on("close", () => {
      sockets.delete(socket);
      if (sockets.size === 0) whenQuiet?.();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  afterThisTest(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    server,
    sockets,
    connections: () => connections,
    quiet: () =>
      sockets.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            whenQuiet = resolve;
          }),
  };
}

export function serve(listener: RequestListener): Promise<Running> {
  return listen(createServer({ keepAliveTimeout: 60_000 }, listener));
}

/** A server that says what it likes. */
export function serveRaw(onSocket: (socket: Socket) => void): Promise<Running> {
  return listen(createTcpServer(onSocket));
}

/** Answers every request on a connection with these bytes. */
export function answering(...answers: readonly string[]): Promise<Running> {
  let count = 0;
  return serveRaw((socket) => {
    socket.on("data", () => {
      socket.write(answers[Math.min(count++, answers.length - 1)] as string);
    });
  });
}

export function pool(options: PoolOptions = {}): ConnectionPool {
  const made = connectionPool(options);
  afterThisTest(() => made.destroy());
  return made;
}

/** A deferred promise. */
export function gate<T = void>(): { readonly opened: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open: (value) => open(value) };
}

/** What a response fails with. */
export function failed(response: PromiseLike<unknown>): Promise<{ code?: string; message: string }> {
  return Promise.resolve(response).then(
    () => ({ code: "none", message: "" }),
    (error: unknown) => error as { code?: string; message: string },
  );
}

/** The body of a request, as text. */
export async function textOf(message: AsyncIterable<unknown>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
