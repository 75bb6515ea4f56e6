import { Readable } from "node:stream";
import { describe, expect, it, jest } from "@jest/globals";
import { assocFormParams, assocQueryParams, paramsRequest, wrapParams } from "../../middleware/params.js";
import type { RingRequest, RingResponse } from "../../src/ring/types.js";
import { form, request } from "./helpers.js";

const post = (body: RingRequest["body"], more: Partial<RingRequest> = {}): RingRequest =>
  request({ requestMethod: "post", headers: form, body, ...more });

describe("paramsRequest", () => {
  it("leaves the request it was given unchanged, and keeps its other keys", async () => {
    const given = Object.freeze({ ...post("b=2", { queryString: "a=1" }), user: "ann" });
    expect(await paramsRequest(given)).toMatchObject({ user: "ann", params: { a: "1", b: "2" } });
    expect(given).not.toHaveProperty("params");
  });

  it("decodes a character that is split across two chunks", async () => {
    const body = Readable.from([Buffer.from("name=caf\xc3", "latin1"), Buffer.from("\xa9", "latin1")]);
    expect(await paramsRequest(post(body))).toMatchObject({ formParams: { name: "café" } });
  });

  it.each([
    ["no keys of parameters", {}],
    ["keys that are undefined", { params: undefined, formParams: undefined, queryParams: undefined }],
    ["keys that are null", { params: null, formParams: null, queryParams: null }],
  ])("parses a request with %s", (_what, more) => {
    const given = { ...request({ queryString: "a=1" }), ...more } as RingRequest;
    expect(paramsRequest(given)).toMatchObject({ params: { a: "1" }, formParams: {}, queryParams: { a: "1" } });
  });

  it("makes maps without prototype, whose names are the client's alone", () => {
    const read = paramsRequest(post("__proto__=1&constructor=2", { queryString: "__proto__=3&toString=4" }));
    const { params, queryParams, formParams } = read as Awaited<typeof read>;
    for (const map of [params, queryParams, formParams]) expect(Object.getPrototypeOf(map)).toBeNull();
    expect(Object.entries(params)).toEqual([
      ["__proto__", "3"],
      ["constructor", "2"],
      ["toString", "4"],
    ]);
    expect(Object.getPrototypeOf((paramsRequest(request()) as typeof read & { params: object }).params)).toBeNull();
  });

  it("does not copy a prototype or inherited names from what was there before", () => {
    const before = Object.create({ inherited: "1" }, { own: { value: "2", enumerable: true } }) as Record<
      string,
      string
    >;
    const read = paramsRequest({ ...request({ queryString: "a=3" }), params: before }) as { params: object };
    expect(Object.entries(read.params)).toEqual([
      ["own", "2"],
      ["a", "3"],
    ]);
    expect(Object.getPrototypeOf(read.params)).toBeNull();
  });
});

describe("paramsRequest after a parser of Express", () => {
  const parsed = (parsedBody: unknown, headers: Record<string, string> = form): unknown =>
    (paramsRequest(request({ headers, parsedBody })) as { formParams: unknown }).formParams;

  it("takes what express.urlencoded made, nested or not, as it is", () => {
    const body = { a: "1", b: ["2", "3"], c: { d: { e: "4" } } };
    expect(parsed(body)).toEqual(body);
    expect(Object.getPrototypeOf(parsed(body))).toBeNull();
  });

  it("decodes what express.text and express.raw left", () => {
    expect(parsed("a=1+2")).toEqual({ a: "1 2" });
    expect(
      parsed(Buffer.from("a=\xe9", "latin1"), { "content-type": `${form["content-type"]}; charset=latin1` }),
    ).toEqual({
      a: "é",
    });
  });

  it("leaves what is no form alone", () => {
    expect(parsed({ a: "1" }, { "content-type": "application/json" })).toEqual({});
    expect(parsed(undefined)).toEqual({});
  });

  it("reads the body if there is one", () => {
    expect(paramsRequest(post("a=1", { parsedBody: { b: "2" } }))).toMatchObject({ formParams: { a: "1" } });
  });
});

describe("assocQueryParams and assocFormParams", () => {
  it("merge into what is there", async () => {
    const given = { ...post("a=1"), formParams: { z: "0" }, params: { z: "0" }, queryString: "q=2" };
    expect(await assocFormParams(given, "utf-8")).toMatchObject({
      formParams: { z: "0", a: "1" },
      params: { z: "0", a: "1" },
    });
    expect(assocQueryParams(given, "utf-8")).toMatchObject({ queryParams: { q: "2" }, params: { z: "0", q: "2" } });
  });
});

describe("wrapParams", () => {
  const ok: RingResponse = { status: 200, headers: {} };

  it("rejects a form over maxBytes, closes its stream and never calls the handler", async () => {
    const handler = jest.fn(() => ok);
    const body = Readable.from([Buffer.from("12345678901")], { objectMode: false });
    await expect(wrapParams(handler, { maxBytes: 10 })(post(body))).rejects.toMatchObject({
      code: "RING_BODY_TOO_LARGE",
      status: 413,
      message: expect.stringContaining("10 bytes"),
    });
    expect(body.destroyed).toBe(true);
    expect(handler).not.toHaveBeenCalled();
  });

  it("has a limit of 1 MiB if nothing else is said", async () => {
    const read = wrapParams(() => ok);
    expect(await read(post(Readable.from([Buffer.alloc(1_048_576, "a")])))).toBe(ok);
    await expect(read(post(Readable.from([Buffer.alloc(1_048_577, "a")])))).rejects.toMatchObject({ status: 413 });
  });

  it("fails on a charset it cannot decode, with a status for the client", () => {
    const headers = { "content-type": `${form["content-type"]}; charset=bogus` };
    expect(() => wrapParams(() => ok)(post("a=1", { headers }))).toThrow(
      expect.objectContaining({ code: "RING_UNKNOWN_CHARSET", status: 415 }),
    );
  });

  it("refuses a limit that is none, when it wraps", () => {
    expect(() => wrapParams(() => ok, { maxBytes: -1 })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });

  it("reads its options when it wraps", () => {
    const options = { encoding: "iso-8859-1" };
    const read = wrapParams((request) => ({ body: String(request.queryParams["a"]) }), options);
    options.encoding = "utf-8";
    expect(read(request({ queryString: "a=%E9" }))).toEqual({ body: "é" });
  });
});

describe("a flood of parameters", () => {
  const pairs = (count: number): string => "a=&".repeat(count);

  it("is refused above maxParameters, in the query and in the form each", async () => {
    const read = wrapParams(({ params }) => ({ body: JSON.stringify(params["a"]?.length) }));
    expect(read(request({ queryString: pairs(1000) }))).toEqual({ body: "1000" });
    expect(await read(post(pairs(1000), { queryString: pairs(1000) }))).toEqual({ body: "1000" });
    const error = expect.objectContaining({ code: "RING_TOO_MANY_PARAMETERS", status: 413 });
    expect(() => read(request({ queryString: pairs(1001) }))).toThrow(error);
    expect(() => read(post(pairs(1001)))).toThrow(error);
    expect(() => read(request({ headers: form, parsedBody: pairs(1001) }))).toThrow(error);
  });

  it("is refused earlier or later, if the option says so", () => {
    const read = (maxParameters: number): unknown =>
      wrapParams(() => null, { maxParameters })(request({ queryString: "a&b" }));
    expect(() => read(1)).toThrow(expect.objectContaining({ message: expect.stringContaining("maxParameters (1)") }));
    expect(read(2)).toBeNull();
    // As for the other options, null is the default.
    expect(read(null as never)).toBeNull();
    expect(() => read(Number.NaN)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it("is not one of empty pairs", () => {
    expect(wrapParams(() => null)(request({ queryString: "&".repeat(100_000) }))).toBeNull();
  });
});
