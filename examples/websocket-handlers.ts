/**
 * A websocket from the request map, without a helper: `websocketConnection` shakes hands and yields the duplex stream. The same
 * echo written by `await`, by `chain` and by `letFlow`; whoever asks for it without a websocket is answered with 400.
 *
 *     npx wscat -c ws://localhost:3000/await
 *     curl -i http://localhost:3000/await
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { type RingRequest, ring, websocketConnection, withWebsockets } from "express-ring";
import { chain, letFlow } from "express-ring/deferred";
import { connect } from "express-ring/stream";

// From the call of `websocketConnection` on it is the one who answers, and what a handler returns does not matter.

async function byAwait(request: RingRequest): Promise<null> {
  const duplex = await websocketConnection(request);
  connect(duplex, duplex);
  return null;
}

const byChain = (request: RingRequest) =>
  chain(websocketConnection(request), (duplex) => {
    connect(duplex, duplex);
    return null;
  });

/** Who it is has to be known before anything is echoed, and is found out meanwhile. */
const byLetFlow = (request: RingRequest) =>
  letFlow({ duplex: websocketConnection(request), name: nameOf(request) }, ({ duplex, name }) => {
    console.log(`${name} talks to itself`);
    connect(duplex, duplex);
    return null;
  });

const nameOf = async ({ headers }: RingRequest): Promise<string> => headers["x-name"] ?? "somebody";

const app = withWebsockets(express());
app.get("/await", ring(byAwait)).get("/chain", ring(byChain)).get("/let-flow", ring(byLetFlow));

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`ws://localhost:${(server.address() as AddressInfo).port}/await`);
});
