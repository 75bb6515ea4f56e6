/**
 * Ring's own websockets: a response with a listener, which is a map of functions. It chooses a protocol, counts, and answers
 * pings, messages and the end of it.
 *
 *     npx wscat -c ws://localhost:3000/count -s counting
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { pipe, type RingRequest, type RingResponse, ring, withWebsockets } from "express-ring";
import { wrapWebsocketKeepalive } from "express-ring/middleware";
import { isUpgradeRequest, requestProtocols, send } from "express-ring/websocket";

function count(request: RingRequest): RingResponse {
  // The same route serves those who come without a websocket.
  if (!isUpgradeRequest(request))
    return { status: 426, headers: { upgrade: "websocket" }, body: "A websocket, please.\n" };
  let messages = 0;
  return {
    websocketListener: {
      onOpen: (socket) => send(socket, "I count what you send."),
      // The next message comes when what this returns is realized.
      onMessage: (socket, message) => send(socket, `${++messages}: ${message.length} ${unitOf(message)}`),
      onError: (_socket, error) => console.error("failed:", error),
      onClose: (_socket, code, reason) => console.log(`closed after ${messages} messages: ${code} ${reason}`),
    },
    ...(requestProtocols(request)?.includes("counting") ? { websocketProtocol: "counting" } : {}),
  };
}

const unitOf = (message: string | Uint8Array): string => (typeof message === "string" ? "characters" : "bytes");

const app = withWebsockets(express());
// A ping every 20 seconds keeps proxies from closing what is silent.
app.get("/count", ring(pipe(count, wrapWebsocketKeepalive)));

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`ws://localhost:${(server.address() as AddressInfo).port}/count`);
});
