/** A Ring handler behind `toFetch`, served by Hono's adapter to Node's server. */
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type HttpBindings, serve } from "@hono/node-server";
import { toFetch } from "../../src/index.js";
import type { Host, RunningHost } from "../contract/host.js";

type Fetch = (request: Request, env: HttpBindings) => Response | PromiseLike<Response>;

/** Serves a fetch handler on a free port. */
export async function serveFetch(fetch: Fetch): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = serve({ fetch: fetch as never, port: 0 }) as Server;
  if (!server.listening) await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

export const host: Host = {
  name: "toFetch",
  statusOfNull: 404,
  start: async (handler): Promise<RunningHost> => {
    const errors: unknown[] = [];
    const answer = toFetch<[HttpBindings]>(handler, {
      errorHandler: (error) => {
        errors.push(error);
        return { status: (error as { status?: number })?.status ?? 500, body: "failed" };
      },
      remoteAddr: (_request, { incoming }) => (incoming.socket.remoteAddress ?? "").replace("::ffff:", ""),
    });
    return { errors, ...(await serveFetch(answer)) };
  },
};
