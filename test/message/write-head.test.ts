/** How the heads of a server's own responses are written: the same bytes as Node's `writeHead` makes. */
import { once } from "node:events";
import { createServer, type OutgoingHttpHeaders, ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import type { Exchange } from "../../src/message/exchange.js";
import { type HeaderLine, headerLine } from "../../src/message/header-line.js";
import { writeHead } from "../../src/message/write-head.js";
import type { HeaderValue } from "../../src/ring/types.js";
import { exchangeRaw } from "../raw-client.js";

type Headers = readonly (readonly [string, HeaderValue])[];

/** What comes over a connection on which this answers two requests, the first of which lets it stay. */
async function sent(answer: (res: ServerResponse) => void, method = "GET", version = "1.1"): Promise<string> {
  const server = createServer((_req, res) => {
    answer(res);
    res.end();
  });
  server.listen(0);
  await once(server, "listening");
  try {
    const request = `${method} / HTTP/${version}\r\nhost: a\r\n`;
    const { port } = server.address() as AddressInfo;
    const answer = await exchangeRaw(port, `${request}\r\n${request}connection: close\r\n\r\n`);
    return answer.replaceAll(/Date: .* GMT/g, "Date: now");
  } finally {
    server.close();
  }
}

const linesOf = (headers: Headers): HeaderLine[] =>
  headers.map(([name, value]) => headerLine(name, value, { route: "GET /" } as Exchange));

const byNode = (res: ServerResponse, status: number, headers: Headers): void => {
  res.writeHead(status, headers.flat() as unknown as OutgoingHttpHeaders);
};

const text = fc.string({ unit: fc.constantFrom(...Array.from('az AZ09;=,"\t\u00e9\u00ff')), maxLength: 80 });
const valueOf: Record<string, fc.Arbitrary<HeaderValue>> = {
  connection: fc.constant("close"),
  "keep-alive": fc.constantFrom("timeout=1", "max=3"),
  date: text,
  expect: fc.constant("nothing"),
  "content-disposition": text,
  "content-length": fc.constant(0),
  "set-cookie": fc.oneof(text, fc.array(text, { maxLength: 3 })),
  cookie: fc.array(text, { minLength: 1, maxLength: 3 }),
};
const names = ["content-type", "Content-Type", "X-Frame-Options", "etag", "vary", "Connection", "DATE", "Set-Cookie"];
const header = fc
  .constantFrom(...names, ...Object.keys(valueOf))
  .chain((name) =>
    fc.tuple(fc.constant(name), valueOf[name.toLowerCase()] ?? fc.oneof(text, fc.integer(), fc.array(text))),
  );

describe("a head", () => {
  it("has the bytes that Node makes of it", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(header, { maxLength: 6 }),
        fc.constantFrom(200, 201, 204, 205, 299, 304, 404, 500),
        fc.option(fc.constant(0), { nil: undefined }),
        fc.constantFrom("GET", "HEAD"),
        fc.constantFrom("1.1", "1.0"),
        async (headers, status, length, method, version) => {
          const ours = await sent((res) => writeHead(res, status, linesOf(headers), length), method, version);
          const own: Headers = length === undefined ? headers : [...headers, ["content-length", length]];
          expect(ours).toBe(await sent((res) => byNode(res, status, own), method, version));
        },
      ),
      { numRuns: 150 },
    );
  });

  it("says the same when it is asked for the second time, and what is new when a value is another one", async () => {
    const answers: string[] = [];
    for (const value of ["one", "one", "two", "one"]) {
      answers.push(await sent((res) => writeHead(res, 200, linesOf([["X-Value", value]]), 0)));
    }
    expect(answers.map((answer) => /X-Value: (\w+)\r\n/.exec(answer)?.[1])).toEqual(["one", "one", "two", "one"]);
  });

  it("is given to Node as text, but for what Node has to see", async () => {
    const given: unknown[] = [];
    await sent((res) => {
      const response = res as ServerResponse & { _storeHeader: (...input: unknown[]) => void };
      const store = response._storeHeader.bind(res);
      response._storeHeader = (...input) => {
        given.push(input);
        store(...input);
      };
      writeHead(res, 404, linesOf([["x-a", "1"]]), 0);
    });
    const call = ["HTTP/1.1 404 Not Found\r\nx-a: 1\r\n", ["content-length", 0]];
    expect(given).toEqual([call, call]);
  });

  it.each([
    ["one that is no text for a head", 299, "x\r\nset-cookie: evil=1"],
    ["one that becomes a line break on the wire", 299, "x\u010aset-cookie: evil=1"],
    ["another one than Node's", 404, "Gone fishing"],
    ["none", 404, ""],
  ])("leaves reasons to Node: %s", async (_what, status, reason) => {
    const before = STATUS_CODES[status];
    STATUS_CODES[status] = reason;
    const answer = (write: (res: ServerResponse) => void) =>
      sent((res) => {
        try {
          write(res);
        } catch (error) {
          res.statusMessage = (error as NodeJS.ErrnoException).code as string;
        }
      });
    try {
      const ours = await answer((res) => writeHead(res, status, [], 0));
      expect(ours).toBe(await answer((res) => byNode(res, status, [["content-length", 0]])));
    } finally {
      if (before === undefined) Reflect.deleteProperty(STATUS_CODES, status);
      else STATUS_CODES[status] = before;
    }
  });

  it("that cannot be written leaves the response as it was", async () => {
    const answer = await sent((res) => {
      expect(() => writeHead(res, 200, linesOf([["trailer", "x"]]), 1)).toThrow(/[Tt]railer/);
      writeHead(res, 500, [], 0);
    });
    expect(answer).toMatch(/^HTTP\/1.1 500 Internal Server Error\r\n/);
  });

  it("tells the response what was sent", async () => {
    let told: unknown;
    await sent((res) => {
      writeHead(res, 404, [], 0);
      told = [res.statusCode, res.statusMessage, res.headersSent];
    });
    expect(told).toEqual([404, "Not Found", true]);
  });

  it("is written by those who have put a `writeHead` of their own on the response", async () => {
    const answer = await sent((res) => {
      const own = res.writeHead.bind(res);
      res.writeHead = ((status: number, headers: string[]) => own(status, [...headers, "x-own", "1"])) as typeof own;
      writeHead(res, 200, linesOf([["x-a", "1"]]), 0);
    });
    expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 0\r\nx-own: 1\r\n/);
  });

  it("keeps what was set on the response before", async () => {
    const renamed = await sent((res) => {
      res.statusMessage = "Fine";
      writeHead(res, 200, [], 0);
    });
    expect(renamed).toMatch(/^HTTP\/1.1 200 Fine\r\n/);
    const answer = await sent((res) => {
      res.setHeader("x-before", "1");
      res.setHeader("x-a", "before");
      writeHead(res, 200, linesOf([["x-a", "1"]]), 0);
    });
    expect(answer).toMatch(/x-before: 1\r\n/);
    expect(answer).toMatch(/x-a: 1\r\n/);
    expect(answer).not.toMatch(/x-a: before/);
  });

  it("is written by tools that have put themselves in the place of Node's `writeHead` before", async () => {
    const { prototype } = ServerResponse;
    const nodes = Object.getOwnPropertyDescriptor(prototype, "writeHead") as PropertyDescriptor;
    const seen: unknown[] = [];
    prototype.writeHead = function (this: ServerResponse, ...input: unknown[]): ServerResponse {
      seen.push(input[0]);
      return (nodes.value as (...input: unknown[]) => ServerResponse).apply(this, input);
    } as ServerResponse["writeHead"];
    try {
      jest.resetModules();
      const late = await import("../../src/message/write-head.js");
      await sent((res) => late.writeHead(res, 200, linesOf([["x-a", "1"]]), 0));
    } finally {
      Object.defineProperty(prototype, "writeHead", nodes);
    }
    expect(seen).toEqual([200, 200]);
  });
});
