/**
 * A websocket echo on plain Express, which answers before the handshake: without the key there is a 401, not a socket.
 *
 *     npx wscat -c 'ws://localhost:3000/echo?key=open'
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { websocketRoute, withWebsockets } from "express-ring";
import { connect } from "express-ring/stream";

const app = withWebsockets(express());

// Ordinary middleware: it sees the upgrade request as any other.
app.use("/echo", (req, res, next) => {
  if (req.query["key"] === "open") next();
  else res.status(401).send("The key, please.\n");
});

// A duplex stream connected to itself. A client that does not read is not read from either.
app.get(
  "/echo",
  websocketRoute((duplex) => connect(duplex, duplex)),
);

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`ws://localhost:${(server.address() as AddressInfo).port}/echo?key=open`);
});
