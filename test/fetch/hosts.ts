/** A Ring handler behind `toFetch`, served by Hono's adapter to Node's server. */
import { once } from "node:events";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { toFetch } from "../../src/index.js";
import type { Host, RunningHost } from "../contract/host.js";

/** The types of Hono need those of a browser, which are not Node's. */
export const load = (name: string): Promise<unknown> => import(name);

/** What the adapter hands to fetch handlers beside the request. */
interface HttpBindings {
  readonly incoming: IncomingMessage;
}

type Fetch = (request: Request, env: HttpBindings) => Response | PromiseLike<Response>;

/** Serves a fetch handler on a free port. */
export async function serveFetch(
  fetch: Fetch,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const { serve } = (await load("@hono/node-server")) as {
    readonly serve: (options: { fetch: Fetch; port: number }) => Server;
  };
  const server = serve({ fetch, port: 0 });
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
  // The first is fetch's nature, the others are the adapter's.
  lacks: ["spelling", "socket", "HTTP/1.0", "unread bodies", "turns", "failed bodies"],
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
