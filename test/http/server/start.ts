/** Servers that end with their test. */
import { afterEach } from "@jest/globals";
import { type Server, type ServerOptions, startServer } from "../../../src/http/index.js";
import type { Handler } from "../../../src/ring/types.js";

const running = new Set<Server>();

afterEach(async () => {
  const servers = [...running];
  running.clear();
  for (const server of servers) {
    const closed = server.close();
    if ("closeAllConnections" in server.node) server.node.closeAllConnections();
    await closed;
  }
});

/** Starts a server on a free port, which is closed after the test. */
export async function started(handler: Handler, options: Partial<ServerOptions> = {}): Promise<Server> {
  const server = await startServer(handler, { port: 0, shutdownTimeout: 0, ...options } as ServerOptions);
  running.add(server);
  return server;
}
