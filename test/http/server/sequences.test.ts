/** Any well-formed sequence of requests on one connection is answered as a bare server of Node's answers it. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server as NodeServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type Server, startServer } from "../../../src/http/index.js";

/** What both servers answer. */
function answerTo(
  method: string,
  url: string,
  length: string | undefined,
  body: Buffer,
): { status: number; text: string } {
  const digest = createHash("sha1").update(body).digest("hex");
  return {
    status: url.length % 3 === 0 ? 201 : 200,
    text: `${method} ${url} ${length ?? "-"} ${body.length} ${digest}`,
  };
}

interface Asked {
  readonly method: string;
  readonly path: string;
  /** The chunks of a body, or none. */
  readonly chunks: readonly Buffer[] | undefined;
  readonly isChunked: boolean;
  readonly lines: readonly string[];
}

function bytesOf({ method, path, chunks, isChunked, lines }: Asked, isLast: boolean): Buffer {
  const head = [`${method} ${path} HTTP/1.1`, "Host: example.org", ...lines];
  if (isLast) head.push("Connection: close");
  const pieces: Buffer[] = [];
  if (chunks !== undefined && isChunked) {
    head.push("Transfer-Encoding: chunked");
    for (const chunk of chunks) {
      if (chunk.length > 0) pieces.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
    }
    pieces.push(Buffer.from("0\r\n\r\n"));
  } else if (chunks !== undefined) {
    head.push(`Content-Length: ${chunks.reduce((sum, { length }) => sum + length, 0)}`);
    pieces.push(...chunks);
  }
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), ...pieces]);
}

/** Sends bytes in these pieces; resolves with all that comes back. */
async function converse(port: number, bytes: Buffer, cuts: readonly number[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("latin1").setNoDelay(true);
  let text = "";
  socket.on("data", (piece: string) => {
    text += piece;
  });
  await once(socket, "connect");
  const closing = once(socket, "close");
  let from = 0;
  for (const cut of [...cuts.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b), bytes.length]) {
    socket.write(bytes.subarray(from, cut));
    from = cut;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closing;
  // The time of day is not theirs to say, and the order of what frames a message neither.
  return text
    .replace(/^(Date|Keep-Alive): .*\r\n/gim, "")
    .replace(/(HTTP\/1.1 \d+ [^]*?\r\n)\r\n/g, (head) =>
      head.trimEnd().split("\r\n").sort().join("\r\n").toLowerCase(),
    );
}

describe("startServer, whatever well-formed requests come", () => {
  let bare: NodeServer;
  let kits: Server;
  beforeAll(async () => {
    bare = createServer((req, res) => {
      void buffer(req).then((body) => {
        const { status, text } = answerTo(req.method as string, req.url as string, req.headers["content-length"], body);
        res
          .writeHead(status, { "content-length": text.length, "x-a": "1" })
          .end(req.method === "HEAD" ? undefined : text);
      });
    });
    bare.listen(0);
    await once(bare, "listening");
    kits = await startServer(
      async ({ requestMethod, uri, queryString, headers, body }) => {
        const url = queryString === undefined ? uri : `${uri}?${queryString}`;
        const read = body === undefined ? Buffer.alloc(0) : await buffer(body as Readable);
        const { status, text } = answerTo(requestMethod.toUpperCase(), url, headers["content-length"], read);
        return { status, headers: { "content-length": text.length, "x-a": "1" }, body: text };
      },
      { port: 0, serverHeader: false },
    );
  });
  afterAll(async () => {
    bare.close();
    await kits.close();
  });

  const request = fc.record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"),
    path: fc.constantFrom("/", "/a", "/a/b?c=d", "/%20", "//x", "/?", "/long".repeat(20)),
    chunks: fc.option(
      fc.array(
        fc
          .oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(new Uint8Array(20_000), new Uint8Array(70_000)))
          .map((bytes) => Buffer.from(bytes)),
        { maxLength: 4 },
      ),
      { nil: undefined },
    ),
    isChunked: fc.boolean(),
    lines: fc.uniqueArray(
      fc.constantFrom(
        "X-A: 1",
        "x-b:2",
        "Cookie: a=1",
        "Accept: */*",
        "X-Empty:",
        "X-Blank: \t y \t",
        "Connection: keep-alive",
        `X-Long: ${"z".repeat(2_000)}`,
      ),
      { maxLength: 3 },
    ),
  });

  it("answers them all, in order, as bare node:http does", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 8 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        async (requests, cuts) => {
          const bytes = Buffer.concat(
            requests.map((asked, i) => {
              const isLast = i === requests.length - 1;
              const lines = asked.lines.filter((line) => !isLast || !line.startsWith("Connection"));
              return bytesOf({ ...asked, lines }, isLast);
            }),
          );
          const { port } = bare.address() as AddressInfo;
          const [expected, found] = await Promise.all([converse(port, bytes, cuts), converse(kits.port, bytes, cuts)]);
          expect(found).toBe(expected);
          expect(found.match(/http\/1.1 20[01]/g)).toHaveLength(requests.length);
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});
