/**
 * Aleph's UDP example, on Node's datagrams: sockets send `metric:value`, a server adds up, and emits the totals as a map once in a
 * while. They are a stream, and closing it closes the socket.
 *
 *     echo -n tea:2 | nc -u -w0 localhost 3000
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  connect,
  consume,
  filter,
  fromEvents,
  onClosed,
  onDrained,
  periodically,
  type Source,
  stream,
} from "express-ring/stream";

type Totals = Readonly<Record<string, number>>;

/** What a datagram says; nothing, if it is none of ours. */
function metricOf(message: Buffer): readonly [name: string, value: number] | undefined {
  const [, name, value] = /^([\w.]+):(\d+)\s*$/.exec(message.toString()) ?? [];
  return name === undefined ? undefined : [name, Number(value)];
}

/** The totals of each period in which something came. */
async function statsd(
  port: number,
  period: number,
): Promise<{ readonly port: number; readonly totals: Source<Totals> }> {
  const socket = createSocket("udp4");
  // Datagrams cannot be slowed down: of those that nobody takes in time the oldest are dropped.
  const datagrams = fromEvents<Buffer>(socket, {
    data: "message",
    end: "close",
    bound: 10_000,
    overflow: "dropOldest",
  });
  await once(socket.bind(port, "127.0.0.1"), "listening");

  let totals = new Map<string, number>();
  consume((datagram) => {
    const [name, value = 0] = metricOf(datagram) ?? [];
    if (name !== undefined) totals.set(name, (totals.get(name) ?? 0) + value);
  }, datagrams);

  const emitted = stream<Totals>();
  const each = periodically(period, () => {
    const counted = Object.fromEntries(totals);
    totals = new Map();
    return counted;
  });
  connect(
    filter((counted) => Object.keys(counted).length > 0, each),
    emitted,
  );
  onClosed(emitted, () => {
    each.close();
    socket.close();
  });
  onDrained(datagrams, () => console.log("the socket is closed"));
  return { port: socket.address().port, totals: emitted };
}

const { port, totals } = await statsd(Number(process.env.PORT ?? 3000), 500);
console.log(`metrics are added up at udp://127.0.0.1:${port}`);
consume((counted) => console.log("in this period:", counted), totals);

const client = createSocket("udp4");
const send = (text: string) => new Promise((resolve) => client.send(text, port, "127.0.0.1", resolve));
for (const text of ["tea:2", "tea:3", "coffee:1", "no metric"]) await send(text);
client.close();

// Ctrl-C: the totals are closed, and the socket with them.
process.once("SIGINT", () => totals.close());
