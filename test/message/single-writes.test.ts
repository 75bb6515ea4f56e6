/** How bodies are given to the connection: the same bytes as Node's own writes, in fewer of them. */
import { once } from "node:events";
import { createServer, OutgoingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { SharedBytes } from "../../src/message/shared-bytes.js";
import { endWith, writePiece } from "../../src/message/single-writes.js";
import { get, rawClient } from "../raw-client.js";

type Payload = string | Uint8Array;
type Answer = (res: ServerResponse) => void;

/** What comes over the connection, byte for byte, when a response is answered thus, and how many writes that takes. */
async function sent(
  answer: Answer,
  { method = "GET", version = "1.1", strict = false } = {},
): Promise<{ bytes: string; writes: number }> {
  let writes = 0;
  const server = createServer((req, res) => {
    const { socket } = req;
    const write = socket.write.bind(socket);
    socket.write = ((...input: Parameters<Socket["write"]>) => {
      writes++;
      return write(...input);
    }) as Socket["write"];
    res.strictContentLength = strict;
    res.sendDate = false;
    answer(res);
  });
  server.listen(0);
  await once(server, "listening");
  const client = await rawClient((server.address() as AddressInfo).port);
  client.send(`${method} / HTTP/${version}\r\nhost: a\r\nconnection: close\r\n\r\n`);
  const bytes = await client.ended();
  server.close();
  return { bytes, writes };
}

const payloads: fc.Arbitrary<Payload> = fc.oneof(
  fc.string({ unit: "grapheme-ascii" }),
  fc.string({ unit: "binary" }),
  // Halves of characters as well.
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.uint8Array(),
  fc.integer({ min: 4_000, max: 4_200 }).map((length) => Buffer.alloc(length, 0xe9)),
  fc.integer({ min: 1_300, max: 1_400 }).map((length) => "\u20ac".repeat(length)),
  fc.constantFrom(65_536, 65_537, 200_000).map((length) => "x".repeat(length)),
);

/** A view into a larger buffer, as pools give. */
const asView = (payload: Payload): Payload =>
  typeof payload === "string"
    ? payload
    : Buffer.concat([Buffer.from("before"), payload, Buffer.from("behind")]).subarray(6, 6 + payload.length);

/** Node 20.19 counts against a number only. */
const headOf = (payload: Payload): (string | number)[] => [
  "Content-Type",
  "text/plain",
  "X-Latin",
  "caf\u00e9",
  "Content-Length",
  Buffer.byteLength(payload),
];

/** The pieces that a body in chunks is made of. */
function chunksIn(response: string): string[] {
  const body = response.slice(response.indexOf("\r\n\r\n") + 4);
  const chunks: string[] = [];
  for (let at = 0; ; ) {
    const size = Number.parseInt(body.slice(at), 16);
    const begin = body.indexOf("\r\n", at) + 2;
    chunks.push(body.slice(begin, begin + size));
    at = begin + size + 2;
    if (size === 0) {
      expect(body.length).toBe(at);
      return chunks;
    }
  }
}

describe("a body that is known as a whole", () => {
  it("makes the bytes that Node makes of it", async () => {
    await fc.assert(
      fc.asyncProperty(payloads, fc.boolean(), async (payload, isHeadWritten) => {
        const length = Buffer.byteLength(payload);
        const head = headOf(payload);
        const begin = (res: ServerResponse) => {
          if (isHeadWritten) res.writeHead(200, head);
          else
            for (let i = 0; i < head.length; i += 2) res.setHeader(head[i] as string, head[i + 1] as string | number);
        };
        const ours = await sent((res) => {
          begin(res);
          endWith(res, asView(payload), length);
        });
        const nodes = await sent((res) => {
          begin(res);
          // Node's heads are in Latin-1 if bytes follow them.
          res.end(Buffer.from(payload as string));
        });
        expect(ours.bytes).toBe(nodes.bytes);
        expect(ours.writes).toBeLessThanOrEqual(nodes.writes);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, Payload]>([
    ["ASCII", "hello"],
    ["other text", "gr\u00fc\u00df \u4e16"],
    ["bytes", Uint8Array.of(0, 128, 255)],
    ["nothing", ""],
  ])("goes out with its head in one write: %s", async (_what, payload) => {
    const { writes } = await sent((res) => {
      res.writeHead(200, headOf(payload));
      endWith(res, payload, Buffer.byteLength(payload));
    });
    expect(writes).toBe(1);
  });

  it("leaves no trace on the response", async () => {
    let header: unknown;
    await sent((res) => {
      res.writeHead(200, headOf("secret"));
      endWith(res, "secret", 6);
      header = (res as unknown as { _header: unknown })._header;
    });
    expect(header).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/);
    expect(header).not.toMatch(/secret/);
  });

  it("is cut into chunks where somebody wants it so", async () => {
    const { bytes } = await sent((res) => {
      res.setHeader("transfer-encoding", "chunked");
      endWith(res, "hello", 5);
    });
    expect(chunksIn(bytes)).toEqual(["hello", ""]);
  });

  it("is counted by a server that counts", async () => {
    const { bytes } = await sent(
      (res) => {
        res.writeHead(200, headOf("hello"));
        endWith(res, "hello", 5);
      },
      { strict: true },
    );
    expect(bytes).toMatch(/hello$/);
  });

  it("is given to those who have put an `end` of their own there, and a head of their own is asked", async () => {
    const seen: unknown[] = [];
    const { bytes } = await sent((res) => {
      const end = res.end.bind(res);
      res.end = ((chunk: string) => {
        seen.push(chunk);
        res.setHeader("content-length", 2 * chunk.length);
        return end(chunk + chunk, "utf8");
      }) as typeof end;
      endWith(res, "twice", 5);
    });
    expect(seen).toEqual(["twice"]);
    expect(bytes).toMatch(/twicetwice$/);
    const other = await sent((res) => {
      const writeHead = res.writeHead.bind(res);
      res.writeHead = ((status: number) => writeHead(status, { "x-late": "yes" })) as typeof writeHead;
      res.setHeader("content-length", 5);
      endWith(res, "hello", 5);
    });
    expect(other.bytes).toMatch(/x-late: yes\r\n[^]*hello$/);
  });

  it.each<[string, string, Answer]>([
    ["to HEAD, whatever middleware has made of the method", "HEAD", (res) => void (res.req.method = "GET")],
    [
      "with a status that has none, set as the head is written",
      "GET",
      (res) => {
        const writeHead = res.writeHead.bind(res);
        res.writeHead = (() => writeHead(304)) as typeof writeHead;
      },
    ],
  ])("is left out of an answer %s", async (_what, method, prepare) => {
    const { bytes } = await sent(
      (res) => {
        prepare(res);
        res.setHeader("content-length", 5);
        endWith(res, "hello", 5);
      },
      { method },
    );
    expect(bytes).toMatch(/^HTTP\/1.1 (200|304) [^]*\r\n\r\n$/);
  });

  it("waits for its turn on a connection with several requests", async () => {
    const waiting: ServerResponse[] = [];
    const server = createServer((req, res) => {
      res.sendDate = false;
      if (req.url === "/first") waiting.push(res);
      else {
        endWith(res.setHeader("content-length", 6), "second", 6);
        endWith((waiting[0] as ServerResponse).setHeader("content-length", 5), "first", 5);
      }
    });
    server.listen(0);
    await once(server, "listening");
    const client = await rawClient((server.address() as AddressInfo).port);
    client.send(get("/first") + get("/second"));
    expect(await client.until(/second/)).toMatch(/^HTTP\/1.1 200[^]*\r\n\r\nfirstHTTP\/1.1 200[^]*\r\n\r\nsecond$/);
    client.leave();
    server.close();
  });
});

describe("a body in pieces", () => {
  const bodies = fc.array(
    fc.oneof(
      payloads.filter((payload) => payload.length > 0),
      fc.string({ unit: "binary", minLength: 1 }).map((text) => new SharedBytes(text)),
    ),
    { maxLength: 6 },
  );

  it("has each of them as a chunk, in order, with and without a head before it", async () => {
    await fc.assert(
      fc.asyncProperty(bodies, fc.boolean(), fc.boolean(), async (pieces, isHeadWritten, isHeadFlushed) => {
        const { bytes } = await sent((res) => {
          if (isHeadWritten) res.writeHead(200);
          if (isHeadFlushed) res.flushHeaders();
          for (const piece of pieces) writePiece(res, asView(piece));
          if (pieces.length === 0) res.write("");
          res.end();
        });
        const expected = pieces.map((piece) => Buffer.from(piece as string).toString("latin1"));
        expect(chunksIn(bytes)).toEqual([...expected, ""]);
      }),
      { numRuns: 60 },
    );
  });

  it("is no different for clients that know no chunks", async () => {
    const { bytes } = await sent(
      (res) => {
        for (const piece of ["one ", new SharedBytes("two "), Uint8Array.of(0xe9)]) writePiece(res, piece);
        res.end();
      },
      { version: "1.0" },
    );
    expect(bytes).toMatch(/\r\n\r\none two \u00e9$/);
  });

  it("is no different where the length is known", async () => {
    const { bytes } = await sent((res) => {
      res.setHeader("content-length", 6);
      for (const piece of ["one", "two"]) writePiece(res, piece);
      res.end();
    });
    expect(bytes).toMatch(/\r\n\r\nonetwo$/);
  });

  it("takes one write a piece", async () => {
    const { writes } = await sent((res) => {
      for (const piece of ["one", "zw\u00f6lf", Uint8Array.of(1), new SharedBytes("shared")]) writePiece(res, piece);
      res.end();
    });
    expect(writes).toBe(5);
  });

  it("is given to those who have put a `write` of their own there", async () => {
    const seen: unknown[] = [];
    const shared = new SharedBytes("shared");
    await sent((res) => {
      res.write = ((piece: Payload) => {
        seen.push(piece);
        return OutgoingMessage.prototype.write.call(res, piece, "utf8");
      }) as typeof res.write;
      for (const piece of ["one", shared]) writePiece(res, piece);
      res.end();
    });
    expect(seen).toEqual(["one", shared]);
  });

  it("says when the connection takes no more, and when it does again", async () => {
    let drained = false;
    const { bytes } = await sent((res) => {
      let left = 200;
      const more = (): void => {
        while (left > 0) {
          left--;
          if (writePiece(res, "x".repeat(60_000))) continue;
          res.once("drain", () => {
            drained = true;
            more();
          });
          return;
        }
        res.end();
      };
      more();
    });
    expect(drained).toBe(true);
    expect(chunksIn(bytes)).toHaveLength(201);
  });
});

describe("bytes that are shared", () => {
  it("are those of the text, and what is cut off them is bytes as any", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shared = new SharedBytes(text);
        expect(Buffer.from(shared)).toEqual(Buffer.from(text));
        expect(shared.slice(1)).not.toBeInstanceOf(SharedBytes);
      }),
    );
  });
});
