/**
 * Loads a server that echoes, and prints echoes per second: `node websocket-client.js <order as JSON>`.
 *
 * It speaks the protocol by itself (RFC 6455, section 5.2): the frames are made once and sent again and again, and what
 * comes back is compared byte by byte with what must come. A client that built and parsed each frame would need about as
 * much of a processor as the server, and the measured rate would be its own.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";
import type { WebsocketLoad } from "./row.js";

interface Order extends WebsocketLoad {
  readonly port: number;
  readonly seconds: number;
}

const order = JSON.parse(process.argv[2] ?? "{}") as Order;

const FINAL = 0x80;
const TEXT = 0x1;
const BINARY = 0x2;
const CLOSE = 0x8;
const MASKED = 0x80;
const mask = Buffer.from([0x5a, 0xc3, 0x1e, 0x77]);

/** A whole frame; a client's is masked, a server's is not. */
function frame(opcode: number, payload: Buffer, masked: boolean): Buffer {
  const maskBit = masked ? MASKED : 0;
  const length =
    payload.length < 126 ? [maskBit | payload.length] : [maskBit | 126, payload.length >> 8, payload.length & 0xff];
  if (payload.length > 0xffff) throw new Error(`messages have at most 65535 bytes here, not ${payload.length}`);
  const head = Buffer.from([FINAL | opcode, ...length]);
  if (!masked) return Buffer.concat([head, payload]);
  return Buffer.concat([head, mask, payload.map((byte, place) => byte ^ (mask[place % 4] ?? 0))]);
}

const payload = Buffer.alloc(order.size, "message ");
const opcode = order.binary ? BINARY : TEXT;
const outgoing = frame(opcode, payload, true);
const allOutgoing = Buffer.concat(Array.from({ length: order.window }, () => outgoing));
const echoed = frame(opcode, payload, false);
/** As long as anything that is read at once, wherever in a frame that begins. */
const expected = Buffer.concat(Array.from({ length: Math.ceil(65_536 / echoed.length) + 2 }, () => echoed));
const goodbye = frame(CLOSE, Buffer.from([1000 >> 8, 1000 & 0xff]), true);

let echoes = 0;
let finished = false;

async function connect(): Promise<Socket> {
  const handshake = request({
    port: order.port,
    path: order.path,
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
    },
  });
  handshake.once("response", (response) => {
    throw new Error(`the handshake was answered with ${response.statusCode}`);
  });
  handshake.end();
  const [, socket] = (await once(handshake, "upgrade")) as [unknown, Socket];
  return socket.setNoDelay(true);
}

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
  socket.write(allOutgoing);
}

const sockets = await Promise.all(Array.from({ length: order.connections }, connect));
for (const socket of sockets) pingPong(socket);

const begin = performance.now();
setTimeout(() => {
  finished = true;
  process.stdout.write(`${(echoes * 1000) / (performance.now() - begin)}\n`);
  for (const socket of sockets) socket.end(goodbye);
  // What is still on its way then is of no interest.
  setTimeout(() => process.exit(), 100);
}, order.seconds * 1000);
