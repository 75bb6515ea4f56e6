/**
 * A websocket client that comes back. It counts, an echo server answers, and after a second the server sends it away, as one
 * that restarts does. What is put meanwhile waits for the next connection.
 *
 *     URL='ws://localhost:3000/echo?key=open' npm run example websocket-client
 *
 * talks to the server of websocket-echo.ts; without `URL` there is a server in here.
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { websocketClose, websocketRoute, withWebsockets } from "express-ring";
import { reconnectingWebsocketClient } from "express-ring/http";
import { connect, consume } from "express-ring/stream";
import { every } from "express-ring/time";

function talk(url: string): void {
  console.log(url);
  const client = reconnectingWebsocketClient(url, {
    backoff: { initial: 200, max: 10_000 },
    heartbeats: { sendAfterIdle: 15_000, timeout: 5000 },
    // Before anything else is sent on a connection: the place to sign in, or to subscribe.
    onConnect: (connection) => connection.put("hello"),
    onDisconnect: ({ code, reason, lost }) => console.log(`disconnected: ${code} ${reason}, ${lost} messages lost`),
    onRetry: ({ delay, failures }) => console.log(`again in ${delay} ms, after ${failures} failures`),
  });
  consume((message) => console.log(`echo: ${String(message)}`), client);
  client.closed.onRealized(
    ({ code, error }) => console.log(`it is over: ${code}`, error ?? ""),
    () => {},
  );

  let count = 0;
  const stop = every(100, () => {
    client.put(`number ${count++}`);
  });
  process.once("SIGINT", () => {
    stop();
    client.close();
    client.onDrained(() => process.exit());
  });
}

function serve(): void {
  const app = withWebsockets(express());
  app.get(
    "/echo",
    websocketRoute((duplex) => {
      connect(duplex, duplex);
      const timer = setTimeout(() => websocketClose(duplex, 1012, "restarting"), 1000);
      duplex.onClosed(() => clearTimeout(timer));
    }),
  );
  const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
    if (error) throw error;
    talk(`ws://localhost:${(server.address() as AddressInfo).port}/echo`);
  });
}

if (process.env.URL === undefined) serve();
else talk(process.env.URL);
