/** Written by hand: a set of responses, and a loop. */
import { createServer, type Server, type ServerResponse } from "node:http";
import { event } from "./event.js";

export function start(): Server {
  const clients = new Set<ServerResponse>();
  const server = createServer((req, res) => {
    if (req.method === "GET") {
      res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" }).flushHeaders();
      clients.add(res);
      res.once("close", () => clients.delete(res));
      return;
    }
    const text = `data: ${event}\n\n`;
    for (const client of clients) client.write(text);
    res.end();
  });
  return server.listen(0);
}
