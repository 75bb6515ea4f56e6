import type { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import type { Source } from "../../src/stream/index.js";
import { pool, serve } from "./servers.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <T extends true>(value: T): T => value;

describe("the type of a body", () => {
  it("follows from the options", async () => {
    const { url } = await serve((_req, res) => res.end("{}"));
    const options = { pool: pool() };
    const streamed = await http.get(url, options);
    const raw = await http.get(url, { ...options, rawStream: true });
    const text = await http.get(url, { ...options, as: "string" });
    const bytes = await http.get(url, { ...options, as: "byteArray" });
    const json = await http.request({ ...options, url, method: "get", as: "json" });
    expect([
      holds<Equal<typeof streamed.body, Readable>>(true),
      holds<Equal<typeof raw.body, Source<Uint8Array>>>(true),
      holds<Equal<typeof text.body, string>>(true),
      holds<Equal<typeof bytes.body, Uint8Array>>(true),
      holds<Equal<typeof json.body, unknown>>(true),
    ]).not.toContain(false);
    streamed.close();
    raw.close();
  });

  it("is not that of another option", () => {
    const signal = AbortSignal.abort();
    // @ts-expect-error -- a misspelt option is none
    const response = http.get("http://127.0.0.1:1/", { pool: pool(), signal, asString: true });
    expect(response.isRealized).toBe(true);
  });
});
