import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { load } from "../servers/untyped.js";
import { event } from "./event.js";

/** The part that is used here. */
interface BetterSse {
  readonly createSession: (req: IncomingMessage, res: ServerResponse) => Promise<object>;
  readonly createChannel: () => { register(session: object): void; broadcast(data: unknown): void };
}

export async function start(): Promise<Server> {
  const { createChannel, createSession } = await load<BetterSse>("better-sse");
  const channel = createChannel();
  const server = createServer(async (req, res) => {
    if (req.method === "GET") channel.register(await createSession(req, res));
    else {
      channel.broadcast(event);
      res.end();
    }
  });
  return server.listen(0);
}
