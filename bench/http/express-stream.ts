import { once } from "node:events";
import type { Server } from "node:http";
import express from "express";

const line = `${"x".repeat(63)}\n`;

export function start(): Server {
  const app = express();
  app.get("/", async (_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    for (let message = 0; message < 100; message++) {
      if (!response.write(line)) await once(response, "drain");
    }
    response.end();
  });
  return app.listen(0);
}
