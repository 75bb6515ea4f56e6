import type { Server } from "node:http";
import express from "express";
import { pipe, ring } from "express-ring";
import { type JsonRequest, wrapJsonBody, wrapJsonResponse } from "express-ring/middleware";
import { type Listen, plainly, withClasses } from "./listen.js";
import { type Order, receipt } from "./order.js";

const orders = ({ body }: JsonRequest<Order>) => ({ status: 200, body: receipt(body) });

export function start(): Server {
  return serve(plainly);
}

export function startWithClasses(): Server {
  return serve(withClasses);
}

function serve(listen: Listen): Server {
  const app = express();
  app.post("/orders", ring(pipe(orders, wrapJsonResponse, wrapJsonBody)));
  return listen(app);
}
