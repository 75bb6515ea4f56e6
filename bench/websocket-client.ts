/**
 * Loads a server that echoes, and prints echoes per second: `node websocket-client.js <order as JSON>`. What comes back is
 * compared byte by byte with what must come.
 */
import type { Socket } from "node:net";
import { BINARY, connectWebsocket, frame, goodbye, payloadOf, TEXT } from "./raw-websocket.js";
import type { Protocol, WebsocketLoad } from "./row.js";

interface Order extends WebsocketLoad {
  readonly port: number;
  readonly seconds: number;
  readonly protocol?: Protocol;
}

const order = JSON.parse(process.argv[2] ?? "{}") as Order;

const payload = payloadOf(order.size, order.protocol);
const opcode = order.binary ? BINARY : TEXT;
const outgoing = frame(opcode, payload, true);
const allOutgoing = Buffer.concat(Array.from({ length: order.window }, () => outgoing));
const echoed = frame(opcode, payload, false);
/** As long as anything that is read at once, wherever in a frame that begins. */
const expected = Buffer.concat(Array.from({ length: Math.ceil(65_536 / echoed.length) + 2 }, () => echoed));

let echoes = 0;
let finished = false;

/** Keeps a window of messages under way: for each whole echo it sends the next one. */
function pingPong(socket: Socket): void {
  let received = 0;
  let answered = 0;
  const read = (bytes: Buffer): void => {
    if (finished) return;
    const phase = received % echoed.length;
    if (bytes.compare(expected, phase, phase + bytes.length) !== 0) {
      throw new Error(`an echo is not what was sent: ${bytes.toString("hex", 0, 80)}`);
    }
    received += bytes.length;
    const whole = Math.floor(received / echoed.length) - answered;
    if (whole === 0) return;
    answered += whole;
    echoes += whole;
    socket.write(allOutgoing.subarray(0, whole * outgoing.length));
  };
  socket.on("data", read).once("end", () => {
    if (!finished) throw new Error("the server ended the connection");
  });
  socket.resume();
  socket.write(allOutgoing);
}

const sockets = await Promise.all(
  Array.from({ length: order.connections }, () => connectWebsocket(order.port, order.path, order.protocol)),
);
for (const socket of sockets) pingPong(socket);

const begin = performance.now();
setTimeout(() => {
  finished = true;
  process.stdout.write(`${(echoes * 1000) / (performance.now() - begin)}\n`);
  for (const socket of sockets) socket.end(goodbye);
  // What is still on its way then is of no interest.
  setTimeout(() => process.exit(), 100);
}, order.seconds * 1000);
