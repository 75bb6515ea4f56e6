import type { Server } from "node:http";
import express from "express";
import { websocketRoute, withExpressWs } from "express-ring";
import { connect } from "express-ring/stream";
import expressWs from "express-ws";

export function start(): Server {
  const { app } = withExpressWs(expressWs(express()));
  app.ws(
    "/",
    websocketRoute((duplex) => connect(duplex, duplex)),
  );
  return app.listen(0);
}
