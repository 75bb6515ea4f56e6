/**
 * Aleph's TCP example, on Node's sockets: values in frames, each behind its length. A duplex stream of bytes becomes one of
 * values; on it there is a fast echo, which is one line, and a slow one, which may fail. What clients hear is printed.
 */
import { once } from "node:events";
import { type AddressInfo, connect as connectTo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { toByteSource, toText } from "express-ring/byte-streams";
import { catchError, chain, loop, recur } from "express-ring/deferred";
import { connect, map, type Stream, splice, stream, toSink, toSource } from "express-ring/stream";

const LONGEST_FRAME = 1_000_000;

function frameOf(value: unknown): Buffer {
  const body = Buffer.from(JSON.stringify(value));
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}

async function* valuesOf(socket: Socket): AsyncGenerator {
  const bytes = toByteSource(socket);
  for (;;) {
    const head = await bytes.takeBytes(4);
    if (head === undefined) return;
    const length = Buffer.from(head).readUInt32BE();
    if (length === 0 || length > LONGEST_FRAME) throw new RangeError(`a frame of ${length} bytes`);
    yield JSON.parse(toText((await bytes.takeBytes(length)) ?? ""));
  }
}

/** A duplex of values over one of bytes: what is put is encoded on its way out, what is taken was decoded. */
function framed(socket: Socket): Stream<unknown> {
  const values = stream<unknown>();
  connect(map(frameOf, values), toSink(socket));
  return splice(values, toSource(valuesOf(socket)));
}

/** Sends 1, gets 2. Who does not read is not read from either. */
const fastEcho = (duplex: Stream<unknown>): void =>
  connect(
    map((number) => Number(number) + 1, duplex),
    duplex,
  );

/** Stands for work that is done elsewhere, and may fail. */
async function increment(number: unknown): Promise<number> {
  await sleep(50);
  if (typeof number !== "number") throw new TypeError(`no number: ${JSON.stringify(number)}`);
  return number + 1;
}

/** Takes, computes, puts, as long as there is something to take and somebody to put for. */
const slowEcho = (duplex: Stream<unknown>): void =>
  void loop([], () =>
    catchError(
      chain(duplex.take("over"), (number: unknown) => {
        if (number === "over") return false;
        return chain(increment(number), (result) => chain(duplex.put(result), (isOpen) => isOpen && recur()));
      }),
      (error) => {
        duplex.put(`ERROR: ${(error as Error).message}`);
        duplex.close();
        return false;
      },
    ),
  );

async function serve(port: number, handler: (duplex: Stream<unknown>) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", (error) => console.error("a connection was lost:", error.message));
    handler(framed(socket));
  });
  await once(server.listen(port, "localhost"), "listening");
  return (server.address() as AddressInfo).port;
}

async function talk(name: string, port: number, messages: readonly unknown[]): Promise<void> {
  const duplex = framed(connectTo(port, "localhost"));
  for (const message of messages) await duplex.put(message);
  const heard: unknown[] = [];
  while (heard.length < messages.length) heard.push(await duplex.take());
  console.log(`${name}:`, messages, "->", heard);
  duplex.close();
}

const fast = await serve(Number(process.env.PORT ?? 3000), fastEcho);
const slow = await serve(0, slowEcho);
console.log(`frames are read at tcp://localhost:${fast}`);
await talk("fast", fast, [1, 2, 3]);
await talk("slow", slow, [10, 20, "thirty"]);
