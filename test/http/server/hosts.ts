/** The standalone server as a host of the contract suites. */
import { type ServerOptions, startServer } from "../../../src/http/index.js";
import type { Handler, RingResponse } from "../../../src/ring/types.js";
import type { Host, RunningHost } from "../../contract/host.js";

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
