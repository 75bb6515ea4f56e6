/** Loads a server with uploads, and prints megabytes per second: `node upload-client.js <order as JSON>`. */
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import type { UploadLoad } from "./row.js";

interface Order extends UploadLoad {
  readonly port: number;
  readonly seconds: number;
}

const order = JSON.parse(process.argv[2] ?? "{}") as Order;
const agent = new Agent({ keepAlive: true, maxSockets: order.connections });

const boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
const head = Buffer.from(
  `--${boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\nfilm\r\n` +
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="film.bin"\r\n` +
    "Content-Type: application/octet-stream\r\n\r\n",
);
const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
/** Like a real file, in which a line end comes every 64 KiB, and its first character every 256 bytes. */
const chunk = Buffer.from(Array.from({ length: 1 << 20 }, (_, at) => (at * 2_654_435_761) >>> 24));

async function upload(): Promise<void> {
  const outgoing = request({
    agent,
    port: order.port,
    path: order.path,
    method: "POST",
    headers: {
      "content-type": `multipart/form-data; boundary=${boundary}`,
      "content-length": head.length + order.size + tail.length,
    },
  });
  const answered = once(outgoing, "response") as Promise<[IncomingMessage]>;
  outgoing.write(head);
  for (let left = order.size; left > 0; left -= chunk.length) {
    const piece = left < chunk.length ? chunk.subarray(0, left) : chunk;
    // oxlint-disable-next-line no-await-in-loop -- with backpressure
    if (!outgoing.write(piece)) await once(outgoing, "drain");
  }
  outgoing.end(tail);
  const [response] = await answered;
  let body = "";
  for await (const text of response.setEncoding("utf8")) body += text as string;
  if (response.statusCode !== 200 || body !== order.body) {
    throw new Error(`expected 200 ${order.body}, got ${response.statusCode} ${body}`);
  }
}

let uploads = 0;
let last = 0;
const begin = performance.now();
const end = begin + order.seconds * 1000;

async function keepUploading(): Promise<void> {
  while (performance.now() < end) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other on each connection
    await upload();
    uploads++;
    last = performance.now();
  }
}

await Promise.all(Array.from({ length: order.connections }, keepUploading));
process.stdout.write(`${(uploads * order.size) / 1000 / (last - begin)}\n`);
process.exit();
