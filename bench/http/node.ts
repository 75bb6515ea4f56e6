import { createServer, type Server } from "node:http";

export function start(): Server {
  return createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": 13 });
    response.end("Hello, world!");
  }).listen(0);
}
