import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "@jest/globals";
import { connectionPool, file, get, type ServerOptions } from "../../../src/http/index.js";
import { seq } from "../../../src/index.js";
import type { Body } from "../../../src/ring/types.js";
import { toSource } from "../../../src/stream/index.js";
import { describeWith } from "../../needs.js";
import { certificate, openssl } from "../certificate.js";
import { started } from "./start.js";

const long = "0123456789".repeat(20_000);
const path = join(tmpdir(), `express-ring-body-${process.pid}`);
const empty = `${path}-empty`;
writeFileSync(path, long);
writeFileSync(empty, "");
afterAll(() => {
  rmSync(path);
  rmSync(empty);
});

const bodies: [string, () => Body, string][] = [
  ["nothing", () => null, ""],
  ["a string", () => long, long],
  ["bytes", () => Buffer.from(long), long],
  ["a sequence", () => seq(["a", 1, 2.5]), "a12.5"],
  [
    "an async generator",
    async function* () {
      yield long;
    },
    long,
  ],
  ["a stream", () => toSource([long, long]), long + long],
  ["a Node stream", () => Readable.from([long]), long],
  ["a Blob", () => new Blob([long]), long],
  ["a file", () => file(path), long],
  ["an empty file", () => file(empty), ""],
  ["a region", () => file(path, 5, 100_000), long.slice(5, 100_005)],
];

/** Asks for each kind of body ten times, over connections that are kept. */
function tenTimes(scheme: string, options: Partial<ServerOptions>, client: object = {}): void {
  it.each(bodies)("are the same each time: %s (1)", async (_kind, body, expected) => {
    const { port } = await started(() => ({ status: 200, body: body() }), options);
    const pool = connectionPool({ connectionOptions: { insecure: true, ...client } });
    try {
      for (let i = 0; i < 10; i++) {
        const answer = await get(`${scheme}://localhost:${port}/`, { pool, as: "string" });
        // oxlint-disable-next-line jest/no-standalone-expect -- in a test, by this function
        expect(answer.body === expected).toBe(true);
      }
    } finally {
      await pool.close();
    }
  });
}

describe("the bodies of startServer", () => {
  tenTimes("http", {});
});

describeWith("openssl", openssl, "the bodies of startServer", (program) => {
  const sslContext = certificate(program);
  describe("over TLS", () => {
    tenTimes("https", { sslContext });
  });
  describe("over HTTP/2", () => {
    tenTimes("https", { sslContext, httpVersions: ["http2", "http1"] }, { httpVersions: ["http2", "http1"] });
  });
});
