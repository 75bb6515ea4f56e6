/** What stands between a client that knows plain HTTP/1 only and a server that speaks something else. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  createServer,
  type Server as HttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders as Http2Headers } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface Tunnel {
  readonly port: number;
  close(): Promise<void>;
}

async function listening(server: Server, connections: Set<{ destroy(): void }>): Promise<Tunnel> {
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  server.listen(0);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      for (const connection of connections) connection.destroy();
      await once(server, "close");
    },
  };
}

/** Carries the bytes of each connection through TLS; how one side ends is how the other one does. */
export function tlsTunnel(port: number): Promise<Tunnel> {
  const ends = new Set<{ destroy(): void }>();
  const server = createTcpServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const inner = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    ends.add(inner);
    client.pipe(inner).pipe(client);
    inner.on("error", () => client.resetAndDestroy());
    client.on("error", () => inner.destroy());
    inner.on("close", () => {
      ends.delete(inner);
      client.destroySoon();
    });
    client.on("close", () => inner.destroy());
  });
  return listening(server, ends);
}

/** Forwards the requests of HTTP/1 over one session of HTTP/2, and the answers back. */
export async function http2Gateway(open: () => ClientHttp2Session): Promise<Tunnel> {
  const session = open();
  session.on("error", () => {});
  const server = createServer();
  forwardRequests(server, () => session);
  return await listening(server, new Set([session]));
}

/** Makes a server forward requests. */
export function forwardRequests(server: HttpServer, session: () => ClientHttp2Session): void {
  for (const event of ["request", "checkContinue"]) {
    server.on(event, (req: IncomingMessage, res: ServerResponse) => forward(session(), req, res));
  }
}

/** What is about the connection of HTTP/1 stays there. */
const OF_CONNECTIONS = ["connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "host"];

function headersOf(req: IncomingMessage): Record<string, string[]> {
  const headers = Object.create(null) as Record<string, string[]>;
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    const name = (req.rawHeaders[i] as string).toLowerCase();
    if (OF_CONNECTIONS.includes(name)) continue;
    headers[name] = [...(headers[name] ?? []), req.rawHeaders[i + 1] as string];
  }
  return headers;
}

function forward(session: ClientHttp2Session, req: IncomingMessage, res: ServerResponse): void {
  const headers = headersOf(req);
  const hasBody = req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0;
  const stream = session.request(
    {
      ...headers,
      ":method": req.method,
      ":path": req.url,
      ":authority": req.headers.host ?? "localhost",
    },
    { endStream: !hasBody },
  );
  if (hasBody) req.pipe(stream);
  // The server may not want the rest.
  stream.on("close", () => req.unpipe(stream).resume());
  stream.on("continue", () => res.writeContinue());
  stream.on("response", (answer: Http2Headers) => answerWith(stream, answer, res));
  stream.on("error", () => req.socket.destroySoon());
  res.on("close", () => stream.close(8));
}

function answerWith(
  stream: ClientHttp2Stream,
  { ":status": status, ...headers }: Http2Headers,
  res: ServerResponse,
): void {
  res.writeHead(Number(status), headers as IncomingHttpHeaders);

  res.flushHeaders();
  stream.pipe(res, { end: false });
  stream.on("end", () => {
    // A stream that was reset ends too.
    if (stream.rstCode === 0 || stream.rstCode === undefined) res.end();
    else res.socket?.destroySoon();
  });
}

/** Makes a server forward upgrade requests for websockets as RFC 8441 says, and the frames both ways. */
export function forwardUpgrades(server: HttpServer, session: () => ClientHttp2Session): void {
  server.on("upgrade", (req: IncomingMessage, socket: Socket, head: Buffer) => {
    const { "sec-websocket-key": [key = ""] = [], ...headers } = headersOf(req);
    const stream = session().request(
      {
        ...headers,
        ":method": "CONNECT",
        ":protocol": "websocket",
        ":scheme": "http",
        ":path": req.url,
        ":authority": req.headers.host ?? "localhost",
      },
      { endStream: false },
    );
    stream.on("response", ({ ":status": status, ...answer }: Http2Headers) => {
      const code = Number(status);
      const isOpen = code === 200;
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      const own = isOpen ? { connection: "Upgrade", upgrade: "websocket", "sec-websocket-accept": accept } : {};
      const lines = Object.entries({ ...answer, ...own }).map(([name, value]) => `${name}: ${String(value)}`);
      socket.write([`HTTP/1.1 ${isOpen ? 101 : code} Forwarded`, ...lines, "", ""].join("\r\n"));
      stream.pipe(socket);
      if (!isOpen) return;
      stream.write(head);
      socket.pipe(stream);
    });
    stream.on("error", () => {});
    socket.on("error", () => {});
    // What one side breaks off, or both have ended, ends on the other side too.
    stream.on("close", () => socket.destroySoon());
    socket.on("close", () => stream.close(8));
  });
}
