/** The rows about websockets and server-sent events: echoes, broadcasts to many, and what idle connections cost. */

import type { Contender, FanOutLoad, Row } from "./row.js";

const echo = { kind: "websocket", path: "/", connections: 32, window: 8, size: 64, binary: false } as const;

const ONES = {
  ws: { name: "ws", module: "websocket/ws.js" },
  crossws: { name: "crossws", module: "websocket/crossws.js" },
  socketIo: { name: "socket.io", module: "websocket/socket-io.js", protocol: "socket.io" },
  expressWs: { name: "express-ws", module: "websocket/express-ws.js" },
} as const satisfies Readonly<Record<string, Contender>>;

const onExpress: Contender = {
  name: "websocketRoute after withWebsockets",
  kit: true,
  module: "websocket/route.js",
  targets: { ws: 0.95 },
};

function broadcast(name: string, members: number): Row {
  return {
    name,
    title: `A text message of 64 bytes to ${members.toLocaleString("en")} websockets`,
    unit: "messages/s",
    load: { kind: "broadcast", members, window: 4, size: 64 },
    baseline: "ws, a loop",
    contenders: [
      { name: "ws, a loop", module: "websocket/ws.js", entry: "startBroadcast" },
      { name: "socket.io, a room", module: "websocket/socket-io.js", entry: "startRooms", protocol: "socket.io" },
      {
        name: "startServer, rooms",
        kit: true,
        module: "websocket/kit.js",
        entry: "startRooms",
        targets: { "ws, a loop": 1, "socket.io, a room": 1 },
      },
    ],
  };
}

const events: FanOutLoad = { kind: "events", members: 1000, window: 4, size: 64 };

export const realtimeRows: readonly Row[] = [
  {
    name: "websocket",
    title: "Websocket echo, text messages of 64 bytes",
    unit: "messages/s",
    load: echo,
    baseline: "ws",
    contenders: [
      ONES.ws,
      ONES.crossws,
      ONES.socketIo,
      { ...onExpress, targets: { ws: 0.95, crossws: 1, "socket.io": 1 } },
      {
        name: "startServer, websocketConnection",
        kit: true,
        module: "websocket/kit.js",
        targets: { ws: 0.95, crossws: 1, "socket.io": 1 },
      },
      ONES.expressWs,
      {
        name: "websocketRoute after withExpressWs",
        kit: true,
        module: "websocket/route-express-ws.js",
        targets: { "express-ws": 0.95 },
      },
    ],
  },
  {
    name: "websocket-binary",
    title: "Websocket echo, binary messages of 64 bytes",
    unit: "messages/s",
    load: { ...echo, binary: true },
    baseline: "ws",
    contenders: [ONES.ws, onExpress],
  },
  broadcast("broadcast", 1000),
  broadcast("broadcast-5000", 5000),
  {
    name: "idle-websockets",
    title: "Open websockets that say nothing",
    unit: "per MB",
    load: { kind: "idle", connections: 2000 },
    baseline: "ws",
    contenders: [
      ONES.ws,
      // At most 1.15 times the bytes.
      { ...onExpress, targets: { ws: 1 / 1.15 } },
      {
        name: "startServer, websocketConnection",
        kit: true,
        module: "websocket/kit.js",
        targets: { ws: 1 / 1.15 },
      },
    ],
  },
  {
    name: "events",
    title: "A server-sent event of 64 bytes to 1,000 clients",
    unit: "messages/s",
    load: events,
    baseline: "node:http, a loop",
    contenders: [
      { name: "node:http, a loop", module: "events/loop.js" },
      { name: "better-sse, a channel", module: "events/better-sse.js" },
      {
        name: "startServer, sse from a bus",
        kit: true,
        module: "events/kit.js",
        targets: { "node:http, a loop": 1, "better-sse, a channel": 1 },
      },
      {
        name: "startServer, sse from a log",
        kit: true,
        module: "events/kit.js",
        entry: "startLog",
        targets: { "better-sse, a channel": 1 },
      },
    ],
  },
];
