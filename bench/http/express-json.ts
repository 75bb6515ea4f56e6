import type { Server } from "node:http";
import express from "express";
import { type Order, receipt } from "./order.js";

export function start(): Server {
  const app = express();
  app.post("/orders", express.json(), (request, response) => {
    response.json(receipt(request.body as Order));
  });
  return app.listen(0);
}
