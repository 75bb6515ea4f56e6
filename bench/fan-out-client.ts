/**
 * Lets a server send one message to all its members, again and again, and prints messages received per second:
 * `node fan-out-client.js <order as JSON>`. Members are websockets, of which the first asks for each broadcast by sending the
 * message, or they listen to server-sent events, which a POST asks for. A message ends with a byte that is nowhere else in it.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connectWebsocket, frame, goodbye, payloadOf, TEXT } from "./raw-websocket.js";
import type { FanOutLoad, Protocol } from "./row.js";

interface Order extends FanOutLoad {
  readonly port: number;
  readonly seconds: number;
  readonly protocol?: Protocol;
}

const { kind, port, members, size, window, seconds, protocol } = JSON.parse(process.argv[2] ?? "{}") as Order;

/** Connections that are opened at a time. */
const BATCH = 100;
const END = "!".charCodeAt(0);

/** Pipelined on one connection. */
const post = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n";

async function listen(): Promise<Socket> {
  if (kind === "broadcast") return connectWebsocket(port, "/", protocol);
  const socket = connect(port).setNoDelay(true);
  socket.write("GET / HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n");
  const [head] = (await once(socket, "data")) as [Buffer];
  if (!head.includes("200 OK")) throw new Error(`a listener was answered with ${head.toString("utf8", 0, 80)}`);
  return socket;
}

const sockets: Socket[] = [];
while (sockets.length < members) {
  const batch = Math.min(BATCH, members - sockets.length);
  sockets.push(...(await Promise.all(Array.from({ length: batch }, listen))));
}

let received = 0;
let asked = 0;
let finished = false;
const message = frame(
  TEXT,
  Buffer.from(
    payloadOf(size, protocol)
      .toString()
      .replace(/.(?="?\]?$)/, "!"),
  ),
  true,
);
const asker = kind === "broadcast" ? (sockets[0] as Socket) : connect(port);
if (kind === "events") asker.resume();

/** Keeps a window of broadcasts under way. */
function ask(): void {
  while (asked < Math.floor(received / members) + window) {
    asked++;
    asker.write(kind === "broadcast" ? message : post);
  }
}

function count(bytes: Buffer): void {
  const before = Math.floor(received / members);
  for (let at = bytes.indexOf(END); at !== -1; at = bytes.indexOf(END, at + 1)) received++;
  if (!finished && Math.floor(received / members) > before) ask();
}

for (const socket of sockets) {
  socket.on("data", count).once("close", () => {
    if (!finished) throw new Error("the server ended the connection of a member");
  });
  socket.resume();
}

const begin = performance.now();
ask();
setTimeout(() => {
  finished = true;
  const rate = (received * 1000) / (performance.now() - begin);
  // A server that drops messages would go on all the same, but slowly.
  if (received < members) throw new Error(`only ${received} messages came for ${members} members`);
  process.stdout.write(`${rate}\n`);
  for (const socket of sockets) {
    if (kind === "broadcast") socket.end(goodbye);
    else socket.end();
  }
  setTimeout(() => process.exit(), 100);
}, seconds * 1000);
