import type { Server } from "node:http";
import express from "express";
import { websocketRoute, withWebsockets } from "express-ring";
import { connect } from "express-ring/stream";

export function start(): Server {
  const app = withWebsockets(express());
  app.get(
    "/",
    websocketRoute((duplex) => connect(duplex, duplex)),
  );
  return app.listen(0);
}
