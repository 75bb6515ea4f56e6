import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, it, jest } from "@jest/globals";
import express from "express";
import {
  BigDecimal,
  jsonBodyRequest,
  jsonParamsRequest,
  jsonResponse,
  wrapJsonBody,
  wrapJsonParams,
  wrapJsonResponse,
} from "../../middleware/json.js";
import { wrapParams } from "../../middleware/params.js";
import { file } from "../../src/byte-streams/core.js";
import { deferred } from "../../src/deferred/index.js";
import { ring } from "../../src/index.js";
import { pipe } from "../../src/ring/pipe.js";
import { seq } from "../../src/ring/seq.js";
import type { RingRequest } from "../../src/ring/types.js";
import { stream } from "../../src/stream/index.js";
import { request } from "./helpers.js";

const type = { "content-type": "application/json" };
const post = (body: RingRequest["body"], more: Partial<RingRequest> = {}): RingRequest =>
  request({ requestMethod: "post", headers: type, body, ...more });
const bodyOf = async (given: RingRequest, options = {}): Promise<unknown> => {
  const read = await jsonBodyRequest(given, options);
  return read === null ? "malformed" : read.body;
};

describe("jsonBodyRequest", () => {
  it("leaves the request it was given unchanged, keeps its other keys, and answers at once where it can", () => {
    const given = Object.freeze({ ...post('{"a":1}'), user: "ann" });
    expect(jsonBodyRequest(given)).toEqual({ ...given, body: { a: 1 } });
    expect(given.body).toBe('{"a":1}');
  });

  it("decodes a character that is split across two chunks", async () => {
    expect(await bodyOf(post(Readable.from([Buffer.from('"caf\xc3', "latin1"), Buffer.from('\xa9"', "latin1")])))).toBe(
      "café",
    );
  });

  it("returns the same request if it is not JSON, or there is no body", () => {
    const others = [
      post("1", { headers: {} }),
      post("1", { headers: { "content-type": "text/json" } }),
      post(undefined),
    ];
    for (const given of others) expect(jsonBodyRequest(given)).toBe(given);
  });

  it("hands keys to keyFn, also of what Express has read", async () => {
    const keyFn = (name: string): string => name.toUpperCase();
    expect(await bodyOf(post('{"a":[{"b":1}]}'), { keyFn })).toEqual({ A: [{ B: 1 }] });
    const parsed = request({ headers: type, parsedBody: { a: { b: 1 } } });
    expect(await bodyOf(parsed, { keyFn })).toEqual({ A: { B: 1 } });
  });

  it("makes decimals of numbers as it is told", async () => {
    const text = '{"price":0.10,"count":3}';
    expect(await bodyOf(post(text))).toEqual({ price: 0.1, count: 3 });
    const { price, count } = (await bodyOf(post(text), { bigdecimals: true })) as Record<string, unknown>;
    expect([price instanceof BigDecimal, String(price), count]).toEqual([true, "0.10", 3]);
    expect(await bodyOf(post(text), { bigdecimals: (literal: string) => `<${literal}>` })).toEqual({
      price: "<0.10>",
      count: 3,
    });
  });
});

describe("jsonBodyRequest after a parser of Express", () => {
  const parsed = (parsedBody: unknown, headers: Record<string, string> = type): Promise<unknown> =>
    bodyOf(request({ headers, parsedBody }));

  it("takes what express.json made as it is", async () => {
    const data = { a: [1] };
    expect(await parsed(data)).toBe(data);
    expect(await parsed(null)).toBeNull();
  });

  it("reads what express.text and express.raw left", async () => {
    expect(await parsed('{"a":1}')).toEqual({ a: 1 });
    expect(await parsed("{")).toBe("malformed");
    const latin1 = { "content-type": "application/json; charset=iso-8859-1" };
    expect(await parsed(Buffer.from('"\xe9"', "latin1"), latin1)).toBe("é");
  });

  it("leaves what is no JSON alone", async () => {
    expect(await parsed({ a: 1 }, { "content-type": "text/plain" })).toBeUndefined();
    expect(await parsed(undefined)).toBeUndefined();
  });
});

describe("jsonParamsRequest", () => {
  it("lays the members over the parameters that are there", () => {
    const given = post('{"a":1,"b":null}', { parsedBody: undefined });
    expect(jsonParamsRequest({ ...given, params: { a: "0", c: "2" } })).toMatchObject({
      jsonParams: { a: 1, b: null },
      params: { a: 1, b: null, c: "2" },
    });
  });

  it("returns the same request for JSON that is no object", () => {
    for (const text of ["[]", "1", '"a"', "null", " "]) {
      const given = post(text);
      expect(jsonParamsRequest(given)).toBe(given);
    }
    const decimal = post("1.5");
    expect(jsonParamsRequest(decimal, { bigdecimals: true })).toBe(decimal);
  });

  it("is null for malformed JSON", () => {
    expect(jsonParamsRequest(post("{"))).toBeNull();
  });
});

describe("prototype pollution", () => {
  const attack =
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"a":{"__proto__":{"polluted":1}}}';
  const isClean = (): void => {
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((Object as { polluted?: unknown }).polluted).toBeUndefined();
  };

  it("does not come from a JSON body", async () => {
    const data = (await bodyOf(post(attack))) as Record<string, Record<string, unknown>>;
    isClean();
    expect(Object.keys(data)).toEqual(["__proto__", "constructor", "a"]);
    expect(data["polluted"]).toBeUndefined();
    expect(data["a"]?.["polluted"]).toBeUndefined();
    expect({ ...data }["polluted"]).toBeUndefined();
  });

  it("does not come from JSON parameters, whose maps have no prototype", () => {
    const read = jsonParamsRequest({ ...post(attack), params: { b: "1" } }) as Record<"params" | "jsonParams", object>;
    isClean();
    for (const map of [read.params, read.jsonParams]) {
      expect(Object.getPrototypeOf(map)).toBeNull();
      expect(Object.keys(map)).toEqual(expect.arrayContaining(["__proto__", "constructor", "a"]));
      expect("polluted" in map).toBe(false);
    }
  });

  it("does not come from keys that keyFn makes", async () => {
    const data = (await bodyOf(post('{"x":{"polluted":1}}'), { keyFn: () => "__proto__" })) as object;
    expect([Object.keys(data), "polluted" in data]).toEqual([["__proto__"], false]);
    isClean();
  });
});

describe.each([
  ["wrapJsonBody", wrapJsonBody as typeof wrapJsonParams],
  ["wrapJsonParams", wrapJsonParams],
])("%s", (_name, wrap) => {
  it("answers malformed JSON itself, as it is told", async () => {
    const handler = jest.fn(() => ({ status: 200 }));
    expect(wrap(handler)(post("{"))).toEqual({
      status: 400,
      headers: { "Content-Type": "text/plain" },
      body: "Malformed JSON in request body.",
    });
    expect(await wrap(handler)(post(Readable.from([Buffer.from("{")])))).toMatchObject({ status: 400 });
    expect(wrap(handler, { malformedResponse: { status: 422 } })(post("{"))).toEqual({ status: 422 });
    expect(wrap(handler, { malformedResponse: null })(post("{"))).toBeNull();
    expect(handler).not.toHaveBeenCalled();
  });

  it.each([
    ["a body over maxBytes", { maxBytes: 10 }, '"1234567890"', { code: "RING_BODY_TOO_LARGE", status: 413 }],
    ["nesting over maxDepth", { maxDepth: 2 }, "[[[1]]]", { code: "RING_JSON_TOO_DEEP", status: 400 }],
    ["nesting over 1000 levels", {}, "[".repeat(1001), { code: "RING_JSON_TOO_DEEP", status: 400 }],
    ["a body over 1 MiB", {}, " ".repeat(1_048_577), { code: "RING_BODY_TOO_LARGE", status: 413 }],
  ])("refuses %s and never calls the handler", async (_what, options, text, error) => {
    const handler = jest.fn(() => ({ status: 200 }));
    const body = Readable.from([Buffer.from(text)], { objectMode: false });
    await expect(wrap(handler, options)(post(body))).rejects.toMatchObject(error);
    expect(handler).not.toHaveBeenCalled();
  });

  it("refuses nesting that Express has let through", () => {
    const parsedBody: unknown = JSON.parse("[".repeat(5000) + "]".repeat(5000));
    expect(() => wrap(() => null)(request({ headers: type, parsedBody }))).toThrow(
      expect.objectContaining({ code: "RING_JSON_TOO_DEEP" }),
    );
  });

  it("fails on a charset it cannot decode, with a status for the client", () => {
    const headers = { "content-type": "application/json; charset=bogus" };
    expect(() => wrap(() => null)(post("1", { headers }))).toThrow(
      expect.objectContaining({ code: "RING_UNKNOWN_CHARSET", status: 415 }),
    );
  });

  it.each([{ maxBytes: -1 }, { maxBytes: Number.NaN }, { maxDepth: 0 }, { maxDepth: Number.NaN }])(
    "refuses %j when it wraps",
    (options) => {
      expect(() => wrap(() => null, options)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
    },
  );
});

describe("jsonResponse", () => {
  const encoded = { "Content-Type": "application/json; charset=utf-8" };

  class User {
    readonly name = "ann";
    greet(): string {
      return `hello ${this.name}`;
    }
  }

  it.each<[string, unknown, string]>([
    ["an object", { a: 1 }, '{"a":1}'],
    ["an object without prototype", Object.assign(Object.create(null) as object, { a: 1 }), '{"a":1}'],
    ["an array", [1], "[1]"],
    ["a Set", new Set([1]), "[1]"],
    ["a Map", new Map([["a", 1]]), '{"a":1}'],
    ["a sequence", seq(["a"]), '["a"]'],
    ["an instance of a class", new User(), '{"name":"ann"}'],
    [
      "an iterable of its own kind",
      {
        __proto__: {
          *[Symbol.iterator]() {
            yield 1;
          },
        },
      },
      "[1]",
    ],
    ["an object with the names of a URL", { href: "/", protocol: "http:" }, '{"href":"/","protocol":"http:"}'],
  ])("encodes %s", (_what, body, text) => {
    expect(jsonResponse({ status: 200, headers: {}, body })).toEqual({ status: 200, headers: encoded, body: text });
  });

  it.each<[string, unknown]>([
    ["a string", "{}"],
    ["nothing", null],
    ["a number", 5],
    ["bytes", new Uint8Array(1)],
    ["a Buffer", Buffer.from("a")],
    ["an ArrayBuffer", new ArrayBuffer(1)],
    ["a Blob", new Blob(["a"])],
    ["a file", file("a")],
    ["a URL", new URL("file:///a")],
    ["a Node stream", Readable.from([])],
    ["a web stream", new ReadableStream()],
    ["a stream of the kit", stream()],
    ["a generator", (function* () {})()],
    ["an async generator", (async function* () {})()],
    ["an iterator", { next: () => ({ done: true, value: undefined }) }],
    ["an async iterable", { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: 1 }) }) }],
    ["a promise", Promise.resolve({})],
    ["a deferred", deferred()],
    ["a Date", new Date()],
    ["an Error", new Error("boom")],
  ])("leaves %s alone", (_what, body) => {
    const response = { status: 200, headers: {}, body };
    expect(jsonResponse(response)).toBe(response);
  });

  it("keeps a Content-Type, in any spelling the last that is sent", () => {
    const own = { "Content-Type": "application/hal+json" };
    expect(jsonResponse({ headers: own, body: [] })).toEqual({ headers: own, body: "[]" });
    const { headers = {} } = jsonResponse({ headers: { "content-type": "application/hal+json" }, body: [] });
    expect(Object.keys(headers).at(-1)).toBe("content-type");
  });

  it("passes no response on", () => {
    expect(jsonResponse(null)).toBeNull();
    expect(jsonResponse(undefined)).toBeUndefined();
  });
});

describe("wrapJsonResponse", () => {
  it("reads its options when it wraps", () => {
    const options = { pretty: true };
    const app = wrapJsonResponse(() => ({ body: [1] }), options);
    options.pretty = false;
    expect(app(request())).toMatchObject({ body: "[ 1 ]" });
  });

  it("tells of data that contains itself", () => {
    const data: unknown[] = [];
    data.push(data);
    expect(() => wrapJsonResponse(() => ({ body: data }))(request())).toThrow(
      expect.objectContaining({ code: "RING_NOT_JSON" }),
    );
  });
});

describe("JSON in and out of Express", () => {
  async function serve(app: express.Express): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
    const server = app.listen(0);
    await once(server, "listening");
    const close = async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    };
    return { port: (server.address() as AddressInfo).port, close };
  }

  const echo = pipe(({ body }: { readonly body: unknown }) => ({ body: { body } }), wrapJsonResponse, wrapJsonBody);

  it("goes through mounts with and without express.json, and through wrapParams", async () => {
    const app = express();
    app.post("/plain", ring(echo));
    app.post("/parsed", express.json(), ring(echo));
    app.post(
      "/params",
      ring(
        pipe(
          (r: { readonly body: unknown }) => ({ body: { body: r.body } }),
          wrapJsonResponse,
          wrapJsonBody,
          wrapParams,
        ),
      ),
    );
    const { port, close } = await serve(app);
    try {
      for (const path of ["plain", "parsed", "params"]) {
        const answer = await fetch(`http://localhost:${port}/${path}`, {
          method: "POST",
          headers: type,
          body: '{"é":[1]}',
        });
        expect([answer.headers.get("content-type"), await answer.text()]).toEqual([
          "application/json; charset=utf-8",
          '{"body":{"é":[1]}}',
        ]);
      }
      const malformed = await fetch(`http://localhost:${port}/plain`, { method: "POST", headers: type, body: "{" });
      expect([malformed.status, await malformed.text()]).toEqual([400, "Malformed JSON in request body."]);
    } finally {
      await close();
    }
  });

  it("streams a large array as fast as the client takes it, and stops when it goes away", async () => {
    let made = 0;
    const closed = deferred<number>();
    function* rows(): Generator {
      try {
        for (;;) yield { row: made++, text: "x".repeat(1000) };
      } finally {
        closed.success(made);
      }
    }
    const app = express();
    app.get("/", ring(wrapJsonResponse(() => ({ body: seq(rows()) }), { stream: true })));
    const { port, close } = await serve(app);
    try {
      const socket = connect(port, "localhost");
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      const [first] = (await once(socket, "data")) as [Buffer];
      socket.pause();
      expect(first.toString()).toContain('[{"row":0,"text":"x');
      // An endless body: were there no backpressure, it would never come to this.
      socket.destroy();
      expect(await closed).toBeGreaterThan(0);
      expect(made).toBeLessThan(100_000);
    } finally {
      await close();
    }
  });
});
