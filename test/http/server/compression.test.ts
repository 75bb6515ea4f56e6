import { request as send } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import type { ServerOptions } from "../../../src/http/index.js";
import { seq } from "../../../src/index.js";
import type { Body, Handler, RingResponse } from "../../../src/ring/types.js";
import { toSource } from "../../../src/stream/index.js";
import { started } from "./start.js";

const long = "compress me, ".repeat(1_000);
const decoders = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync } as const;

/** Asks with an Accept-Encoding, and gives the bytes as they came. */
async function asked(
  handler: Handler,
  acceptEncoding: string | undefined,
  options: Partial<ServerOptions> = {},
  method = "GET",
): Promise<{ headers: Record<string, unknown>; bytes: Buffer; status: number }> {
  const { port } = await started(handler, { compression: true, ...options });
  const headers = acceptEncoding === undefined ? {} : { "accept-encoding": acceptEncoding };
  return new Promise((resolve, reject) => {
    const request = send({ port, method, headers, agent: false }, (response) => {
      buffer(response).then(
        (bytes) => resolve({ headers: response.headers, bytes, status: response.statusCode ?? 0 }),
        reject,
      );
    });
    request.on("error", reject).end();
  });
}

const textOf = (body: Body, more: object = {}): RingResponse => ({
  status: 200,
  headers: { "content-type": "text/plain", ...more },
  body,
});

describe("the option compression", () => {
  const bodies: [string, () => Body][] = [
    ["a string", () => long],
    ["bytes", () => Buffer.from(long)],
    ["a sequence", () => seq(long.split(" ").map((word, i) => (i === 0 ? word : ` ${word}`)))],
    ["a stream", () => toSource([long])],
    ["a Node stream", () => Readable.from([long])],
    ["a Blob", () => new Blob([long])],
  ];
  it.each(
    bodies.flatMap(([kind, body]) =>
      (["gzip", "deflate", "br"] as const).map((coding) => [kind, coding, body] as const),
    ),
  )("sends %s in %s, with Vary (51)", async (_kind, coding, body) => {
    const { headers, bytes } = await asked(() => textOf(body()), coding);
    expect(headers).toMatchObject({ "content-encoding": coding, vary: "Accept-Encoding" });
    expect(bytes.length).toBeLessThan(1_000);
    expect(decoders[coding](bytes).toString()).toBe(long);
  });

  it.each([
    [undefined, undefined],
    ["", undefined],
    [",", undefined],
    ["identity", undefined],
    ["unknown", undefined],
    ["gzip;q=0", undefined],
    ["*", "br"],
    ["br", "br"],
    ["br ; q=0.1", "br"],
    ["unknown, br", "br"],
    ["br, gzip", "br"],
    ["gzip, br", "br"],
    ["identity, br", "br"],
    ["gzip", "gzip"],
    ["gzip ; q=0.1", "gzip"],
    ["gzip, br;q=0.5", "gzip"],
  ])("chooses by Accept-Encoding (53): %p gives %p", async (acceptEncoding, expected) => {
    const { headers } = await asked(() => textOf(long), acceptEncoding);
    expect(headers["content-encoding"]).toBe(expected);
  });

  it("offers only the encodings of compressionOptions (52)", async () => {
    const options = { compressionOptions: { encodings: ["gzip"] } } as const;
    expect((await asked(() => textOf(long), "br", options)).headers).not.toHaveProperty("content-encoding");
    expect((await asked(() => textOf(long), "br, gzip", options)).headers).toMatchObject({
      "content-encoding": "gzip",
    });
  });

  it.each<[string, RingResponse, string]>([
    ["HEAD", textOf(long), "HEAD"],
    ["204", { ...textOf(long), status: 204 }, "GET"],
    ["304", { ...textOf(long), status: 304 }, "GET"],
    ["what is encoded already", textOf(long, { "content-encoding": "identity" }), "GET"],
    ["event streams", textOf(toSource(["data: x\n\n"]), { "content-type": "text/event-stream" }), "GET"],
    ["small bodies", textOf("small"), "GET"],
  ])("leaves %s alone (54)", async (_what, response, method) => {
    const { headers, status } = await asked(() => response, "gzip, br", {}, method);
    expect(headers["content-encoding"] ?? "identity").toBe("identity");
    expect(status).toBe(response.status);
  });

  it("compresses event streams where filter says so", async () => {
    const events = () => textOf(toSource([long]), { "content-type": "text/event-stream" });
    const { headers } = await asked(events, "gzip", { compressionOptions: { filter: () => true } });
    expect(headers).toMatchObject({ "content-encoding": "gzip" });
  });

  it("is off by default", async () => {
    expect((await asked(() => textOf(long), "gzip", { compression: false })).headers).not.toHaveProperty(
      "content-encoding",
    );
  });
});
