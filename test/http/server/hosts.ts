/** The standalone server as a host of the contract suites. */
import { connect } from "node:http2";
import { type ServerOptions, type SslContext, startServer } from "../../../src/http/index.js";
import type { Handler, RingResponse } from "../../../src/ring/types.js";
import type { Host, RunningHost } from "../../contract/host.js";
import { http2Gateway, type Tunnel, tlsTunnel } from "./tunnel.js";

/** Starts a server that keeps the errors it is given. */
export async function startHost(handler: Handler, options: Partial<ServerOptions> = {}): Promise<RunningHost> {
  const errors: unknown[] = [];
  const errorHandler = (error: unknown): RingResponse => {
    errors.push(error);
    return { status: (error as { status?: number }).status ?? 500, headers: {}, body: "failed" };
  };
  const server = await startServer(handler, { port: 0, shutdownTimeout: 0, errorHandler, ...options });
  return { port: server.port, errors, close: async () => await server.close() };
}

export const http1: Host = {
  name: "startServer",
  statusOfNull: 204,
  start: (handler) => startHost(handler),
};

/** Starts a server behind a tunnel, which the client sees instead. */
async function startBehind(
  handler: Handler,
  options: Partial<ServerOptions>,
  open: (port: number) => Promise<Tunnel>,
): Promise<RunningHost> {
  const host = await startHost(handler, options);
  const tunnel = await open(host.port);
  const close = async (): Promise<void> => {
    await tunnel.close();
    await host.close();
  };
  return { ...host, port: tunnel.port, serverPort: host.port, close };
}

/** Over TLS. */
export function https(sslContext: SslContext): Host {
  return {
    name: "startServer over TLS",
    statusOfNull: 204,
    scheme: "https",
    start: (handler) => startBehind(handler, { sslContext }, tlsTunnel),
  };
}

/** HTTP/2 over TLS. */
export function http2(sslContext: SslContext): Host {
  return {
    name: "startServer over HTTP2",
    statusOfNull: 204,
    scheme: "https",
    isHttp2: true,
    start: (handler) =>
      startBehind(handler, { sslContext, httpVersions: ["http2", "http1"] }, (port) =>
        http2Gateway(() => connect(`https://localhost:${port}`, { rejectUnauthorized: false })),
      ),
  };
}

/** HTTP/2 over plain TCP. */
export const h2c: Host = {
  name: "startServer over h2c",
  statusOfNull: 204,
  scheme: "http",
  isHttp2: true,
  start: (handler) =>
    startBehind(handler, { httpVersions: ["http2"], useH2c: true }, (port) =>
      http2Gateway(() => connect(`http://localhost:${port}`)),
    ),
};
