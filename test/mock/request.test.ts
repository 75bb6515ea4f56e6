import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type Cookies, type Params, wrapCookies, wrapParams } from "../../middleware/index.js";
import { file, readBytes, readText } from "../../src/byte-streams/core.js";
import {
  body,
  contentLength,
  contentType,
  cookie,
  header,
  jsonBody,
  multipartBody,
  queryString,
  request,
} from "../../src/mock/index.js";
import { pipe } from "../../src/ring/pipe.js";
import type { RingRequest, RingResponse } from "../../src/ring/types.js";

/** A handler under a stack, without a server: it tells what it was given. */
const app = pipe(
  ({ params, cookies, headers }: RingRequest & Params & Cookies): RingResponse => ({
    status: 200,
    headers: { "x-agent": headers["x-agent"] ?? "" },
    body: JSON.stringify([params, Object.entries(cookies).map(([name, { value }]) => [name, value])]),
  }),
  wrapParams,
  wrapCookies,
);

describe("a handler under middleware, asked with mock requests", () => {
  it.each<[string, RingRequest, unknown]>([
    ["the URI", request("get", "/?a=1"), [{ a: "1" }, []]],
    ["parameters of a GET", request("get", "/?a=1", { b: "x y" }), [{ a: "1", b: "x y" }, []]],
    ["parameters of a POST", request("post", "/?a=1", { b: ["x", "y"] }), [{ a: "1", b: ["x", "y"] }, []]],
    ["queryString", queryString(request("get", "/?a=1"), { c: "3" }), [{ c: "3" }, []]],
    ["body with a map", body(request("put", "/"), { a: "é&=" }), [{ a: "é&=" }, []]],
    [
      "body with text, and contentType",
      contentType(body(request("post", "/"), "a=%20"), "application/x-www-form-urlencoded"),
      [{ a: " " }, []],
    ],
    [
      "cookie, twice",
      cookie(cookie(request("get", "/"), "a", 1), "b", "2"),
      [
        {},
        [
          ["a", "1"],
          ["b", "2"],
        ],
      ],
    ],
  ])("sees what %s says", async (_what, asked, told) => {
    expect(JSON.parse((await app(asked))?.body as string)).toEqual(told);
  });

  it("sees headers, in lower case", async () => {
    expect((await app(header(request("get", "/"), "X-Agent", "me")))?.headers).toEqual({ "x-agent": "me" });
  });
});

describe("request", () => {
  it("takes host, port and scheme from a URL, and leaves out user and fragment", () => {
    expect(request("get", "https://me:pw@example.com:8443/a?b#c")).toEqual({
      protocol: "HTTP/1.1",
      serverPort: 8443,
      serverName: "example.com",
      remoteAddr: "127.0.0.1",
      uri: "/a",
      queryString: "b",
      scheme: "https",
      requestMethod: "get",
      headers: { host: "example.com:8443" },
    });
  });

  it.each(["/a b", "/<x>", "/%zz", "/a\r\nb", "/[x]", "http://a:99999/", "http://[::1/", "/\u0000"])(
    "refuses %j, which no client sends",
    (uri) => {
      expect(() => request("get", uri)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
    },
  );

  it("takes every path that is encoded", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme", minLength: 1 })), (segments) => {
        const path = `/${segments.map(encodeURIComponent).join("/")}`;
        expect(request("get", path).uri).toBe(path);
      }),
    );
  });
});

describe("every builder", () => {
  it("leaves the request it was given as it was", () => {
    const asked = Object.freeze({ ...request("post", "/"), headers: Object.freeze({ host: "h" }) });
    for (const built of [
      header(asked, "a", "b"),
      cookie(asked, "a", "b"),
      contentType(asked, "a/b"),
      contentLength(asked, 1),
      queryString(asked, "a"),
      body(asked, "a"),
      jsonBody(asked, 1),
      multipartBody(asked, {}),
    ]) {
      expect(built).not.toEqual(asked);
    }
    expect(asked.headers).toEqual({ host: "h" });
  });
});

describe("body", () => {
  it("counts bytes, not characters", async () => {
    const posted = body(request("post", "/"), "é€");
    expect(posted.headers["content-length"]).toBe("5");
    expect(posted.contentLength).toBe(5);
    expect(await readText(posted.body)).toBe("é€");
  });

  it("sends bytes as they are", async () => {
    const bytes = new Uint8Array([0, 255, 128]);
    expect([...(await readBytes(body({}, bytes).body))]).toEqual([...bytes]);
  });
});

describe("jsonBody", () => {
  it("writes undefined as null", async () => {
    expect(await readText(jsonBody({}, undefined).body)).toBe("null");
  });
});

describe("multipartBody", () => {
  const textOf = async (params: Parameters<typeof multipartBody>[1]): Promise<string> => {
    const { body, contentType } = multipartBody({}, params);
    const [, boundary = ""] = /boundary=(.*)$/.exec(contentType) ?? [];
    return (await readText(body)).replaceAll(boundary, "B");
  };

  it("reads a region of a file", async () => {
    expect(await textOf({ f: { value: file("package.json", 2, 3), contentType: "a/b" } })).toBe(
      '--B\r\nContent-Disposition: form-data; name="f"; filename="package.json"\r\nContent-Type: a/b\r\n\r\n  "\r\n--B--\r\n',
    );
  });

  it("sends a stream in its place, and no length then", async () => {
    const posted = multipartBody(request("post", "/"), { a: "1", s: Readable.from(["x", "y"]) });
    expect(posted.headers).not.toHaveProperty("content-length");
    expect(await readText(posted.body)).toContain("application/octet-stream\r\n\r\nxy\r\n--");
  });

  it("keeps header injection by names out", async () => {
    expect(await textOf({ 'a"\r\nX: y': { value: "1", filename: 'f"\n' } })).toContain(
      'name="a%22%0D%0AX: y"; filename="f%22%0A"\r\n',
    );
  });

  it("writes names beyond Latin-1 in UTF-8, and says so", async () => {
    const posted = multipartBody({}, { 日: "1" });
    expect(posted.contentType).toMatch(/^multipart\/form-data; charset=UTF-8; /);
    expect(await readText(posted.body)).toContain('name="日"');
  });

  it("uses another boundary each time", () => {
    expect(multipartBody({}, {}).contentType).not.toBe(multipartBody({}, {}).contentType);
  });
});
