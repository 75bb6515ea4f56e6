/**
 * The same handler on an app that has express-ws already. `withExpressWs` keeps the messages that arrive while middleware
 * is still busy, and gives the routers of Express 5 their `ws`.
 *
 *     npx wscat -c ws://localhost:3000/rooms/echo
 */
import type { AddressInfo } from "node:net";
import express, { Router } from "express";
import { websocketRoute, withExpressWs } from "express-ring";
import { connect } from "express-ring/stream";
import expressWs from "express-ws";

const { app } = withExpressWs(expressWs(express()));

const rooms = Router();
rooms.ws(
  "/echo",
  websocketRoute((duplex) => connect(duplex, duplex)),
);
app.use("/rooms", rooms);

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`ws://localhost:${(server.address() as AddressInfo).port}/rooms/echo`);
});
