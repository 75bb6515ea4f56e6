/** The header fields of a request, read in two ways: from Node's own map of them, and from the lines as they came. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { requestHeaders, untouchedHeaders } from "../../src/message/request-headers.js";
import { rawClient } from "../raw-client.js";

type Line = readonly [name: string, value: string];

const seen: ReturnType<typeof requestHeaders>[] = [];
const server = createServer({ maxHeaderSize: 65_536 }, (req, res) => {
  seen.splice(0, 2, requestHeaders(req), untouchedHeaders(req.rawHeaders));
  res.end();
});

beforeAll(async () => {
  server.listen(0);
  await once(server, "listening");
});

afterAll(() => void server.close());

/** How the fields of these lines are read, in both ways. */
async function read(lines: readonly Line[]): Promise<typeof seen> {
  const client = await rawClient((server.address() as AddressInfo).port);
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  client.send(`GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${head}\r\n`);
  await client.ended();
  return seen;
}

const names = fc.constantFrom(
  ..."accept Accept X-One x-one Cookie cookie Set-Cookie set-cookie Referer user-agent ETag From age".split(" "),
  ..."If-Modified-Since constructor __proto__ hasOwnProperty Forwarded X-Forwarded-For 12 7".split(" "),
);
const values = fc.stringMatching(/^([!-~\u00a1-\u00ff]([ -~]{0,8}[!-~])?)?$/);

describe("the header fields of a request", () => {
  it("are the same, read from Node's map and from the lines", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(names, values), { maxLength: 60 }), async (lines) => {
        const [ofMap, ofLines] = await read(lines);
        expect(ofLines).toEqual(ofMap);
        expect(Object.keys(ofLines as object).sort()).toEqual(Object.keys(ofMap as object).sort());
      }),
      { numRuns: 100 },
    );
  });

  it("are the same for the names of the request before, and for others that are as long", () => {
    const alike = fc.constantFrom("Aa", "aa", "AA", "bb", "Bb", "12", "7");
    fc.assert(
      fc.property(fc.array(fc.array(alike, { maxLength: 3 }), { maxLength: 20 }), (requests) => {
        for (const sent of requests) {
          const lines = sent.flatMap((name, i) => [name, `${i}`]);
          const expected: Record<string, string> = {};
          for (const [i, name] of sent.map((name) => name.toLowerCase()).entries()) {
            expected[name] = expected[name] === undefined ? `${i}` : `${expected[name]},${i}`;
          }
          expect(untouchedHeaders(lines)).toEqual(expected);
        }
      }),
    );
  });

  it("are the same when more kinds of requests come than are remembered", () => {
    for (let round = 0; round < 2; round++) {
      for (let size = 1; size <= 1_200; size++) {
        expect(untouchedHeaders(["x".repeat(size), "1", "Y", "2"])).toEqual({ ["x".repeat(size)]: "1", y: "2" });
      }
    }
  });

  it("are joined where a name stands on several lines, cookies by a semicolon", async () => {
    const [, ofLines] = await read([
      ["Accept", "a"],
      ["cookie", "b=1"],
      ["accept", "c"],
      ["Cookie", "d=2"],
      ["user-agent", "one"],
      ["User-Agent", "two"],
      ["constructor", "e"],
    ]);
    expect(ofLines).toEqual({
      host: "a",
      connection: "close",
      accept: "a,c",
      cookie: "b=1;d=2",
      "user-agent": "one,two",
      constructor: "e",
    });
  });
});
