/** What a client is done to by servers that mean harm, and by text that others wrote. */
import { Readable } from "node:stream";
import { inspect } from "node:util";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { answering, failed, pool, serve, textOf } from "./servers.js";

/** Answers with these headers and bytes. */
const answer = (headers: Record<string, string>, body: string | Buffer = "") =>
  serve((_req, res) => void res.writeHead(200, headers).end(body));

/** Answers with what was asked for. */
const mirror = () =>
  serve(async (req, res) => {
    const { method, url, headers } = req;
    res.end(JSON.stringify({ method, url, headers, body: await textOf(req) }));
  });

const elsewhere = (url: string) => url.replace("127.0.0.1", "localhost");

interface Mirrored {
  readonly headers: Record<string, string>;
  readonly body: string;
}

describe("a server with a strange content-encoding", () => {
  it.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
    "that is a name of every object, %s, brings nothing down",
    async (encoding) => {
      const { url } = await answer({ "content-encoding": encoding }, "as it is");
      const response = await http.get(url, { pool: pool(), as: "string" });
      expect(response.body).toBe("as it is");
      expect(response.headers["content-encoding"]).toBe(encoding);
    },
  );

  it("that piles up decoders is refused", async () => {
    const { url, quiet } = await answer({ "content-encoding": "gzip, ".repeat(3000) }, "x");
    const error = await failed(http.get(url, { pool: pool(), as: "string" }));
    expect(error).toMatchObject({ code: "RING_MALFORMED_RESPONSE" });
    expect((error as Error).message).toContain("encoded 3000 times");
    await quiet();
  });

  it.each([
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["br", brotliCompressSync],
  ])("%s, with more behind its end, keeps nobody waiting", async (encoding, compress) => {
    const { url } = await answer(
      { "content-encoding": encoding },
      Buffer.concat([compress("all there is"), Buffer.from("and more")]),
    );
    expect((await http.get(url, { pool: pool(), as: "string" })).body).toBe("all there is");
  });

  it("reads gzip in several members to the last", async () => {
    const { url } = await answer({ "content-encoding": "gzip" }, Buffer.concat([gzipSync("one "), gzipSync("two")]));
    expect((await http.get(url, { pool: pool(), as: "string" })).body).toBe("one two");
  });

  it("that is a bomb stops at maxBytes", async () => {
    const { url } = await answer({ "content-encoding": "gzip" }, gzipSync(Buffer.alloc(50_000_000)));
    const bombed = http.get(url, { pool: pool(), as: "string", maxBytes: 1_000_000 });
    await expect(bombed).rejects.toMatchObject({ code: "RING_BODY_TOO_LARGE" });
  });
});

describe("a long header", () => {
  // 64 KiB take seconds where each character is tried as the beginning of a name.
  it.each([
    ["a challenge of one name", "www-authenticate", `Digest ${"a".repeat(60_000)}`],
    ["a challenge of blanks", "www-authenticate", `Digest a${" ".repeat(60_000)}`],
    ["a challenge of escapes", "www-authenticate", `Digest a="${'\\"'.repeat(30_000)}`],
    ["a link of brackets", "link", "<".repeat(60_000)],
    ["a link of parameters", "link", `<a>${";".repeat(60_000)}`],
    ["a cookie of blanks", "set-cookie", `a=b;${" ".repeat(60_000)}`],
    ["a content type of blanks", "content-type", `text/plain;${" ".repeat(60_000)}charset`],
  ])("is read in no time: %s", async (_what, name, value) => {
    const { url } = await answering(`HTTP/1.1 401 No\r\n${name}: ${value}\r\ncontent-length: 0\r\n\r\n`);
    const began = performance.now();
    const cookieStore = http.inMemoryCookieStore();
    const digestAuth = ["ada", "secret"] as const;
    await http.get(url, { pool: pool(), digestAuth, cookieStore, throwExceptions: false, as: "string" });
    expect(performance.now() - began).toBeLessThan(1500);
  });
});

describe("a redirect to another origin", () => {
  it("does not take the name of the first server along", async () => {
    const end = await mirror();
    const { url } = await serve((_req, res) => void res.writeHead(302, { location: elsewhere(end.url) }).end());
    for (const keepCredentials of [false, true]) {
      const asked = { pool: pool(), headers: { Host: "inside.example" }, keepCredentials, as: "json" } as const;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { body } = await http.get(url, asked);
      expect((body as Mirrored).headers["host"]).toBe(new URL(elsewhere(end.url)).host);
    }
  });

  it("says nothing of what its location holds, if that is no URL", async () => {
    const { url } = await serve((_req, res) => void res.writeHead(302, { location: "http://u:hunter2@[no" }).end());
    const error = (await failed(http.get(url, { pool: pool() }))) as Error;
    expect(error).toMatchObject({ code: "RING_REDIRECT" });
    expect(error.message).not.toContain("hunter2");
  });
});

describe("a form with a stream", () => {
  const redirected = async () => {
    const end = await mirror();
    return serve((req, res) => void req.resume().on("end", () => res.writeHead(307, { location: end.url }).end()));
  };

  it("is not sent a second time, empty", async () => {
    const { url } = await redirected();
    const multipart = [{ partName: "a", content: Readable.from(["once"]) }];
    const posted = http.post(url, { pool: pool(), forceRedirects: true, multipart });
    await expect(posted).rejects.toMatchObject({ code: "RING_BODY_NOT_REPLAYABLE" });
  });

  it("is sent again if it is of text, bytes and blobs", async () => {
    const { url } = await redirected();
    const form = new FormData();
    form.set("a", new Blob(["twice"]), "a.txt");
    for (const options of [{ body: form }, { multipart: [{ partName: "a", content: "twice" }] }]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { body } = await http.post(url, { pool: pool(), forceRedirects: true, ...options, as: "json" });
      expect((body as Mirrored).body).toContain("twice");
    }
  });
});

describe("a request with text from elsewhere", () => {
  it("has one content-length, however it is spelt", async () => {
    const { url } = await mirror();
    const headers = { "Content-Length": "3" };
    const { body } = await http.post(url, { pool: pool(), headers, body: "hello", as: "json" });
    expect(body).toMatchObject({ body: "hello", headers: { "content-length": "5" } });
  });

  it.each(["a#b", "a?b", "evil.com/x", "a\r\nb", "[::1]@evil.com", "[::1", "example.com:8080", "fe80::1%lo"])(
    "goes to no host that is more than a host: %j",
    async (host) => {
      const error = await failed(http.request({ method: "get", host, pool: pool() }));
      expect(error).toMatchObject({ code: "RING_INVALID_ARGUMENT" });
    },
  );

  it.each([
    ["a", "1; admin=1"],
    ["a", "1\r\nx: y"],
    ["a=1; admin", "1"],
  ])("has no cookie that is two: %j=%j", async (name, value) => {
    const { url } = await mirror();
    const error = await failed(http.get(url, { pool: pool(), cookies: { [name]: value } }));
    expect(error).toMatchObject({ code: "RING_INVALID_ARGUMENT" });
  });

  it("keeps no nameless cookie that looks like one of a host's own", () => {
    const store = http.inMemoryCookieStore();
    const origin = { host: "sub.example.com", port: 443, isSecure: true, path: "/" };
    expect(store.setCookie("=__Host-session=evil; Domain=example.com", origin)).toBeUndefined();
    expect(store.getCookies()).toEqual([]);
  });
});

describe("a secret", () => {
  it("of a URL is in no error, however deep one looks", async () => {
    const error = await failed(http.get("http://ada:hunter2@[no", { pool: pool() }));
    expect(error).toMatchObject({ code: "RING_INVALID_ARGUMENT" });
    expect(inspect(error, { depth: 10 })).not.toContain("hunter2");
  });

  it("of a proxy is neither in inUse nor in statistics, but tells connections apart", async () => {
    const proxy = await answering("HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n");
    const kept = pool();
    const through = (password: string) => {
      const proxyOptions = { host: "127.0.0.1", port: proxy.port, user: "ada", password };
      return http.get("https://example.com", { pool: kept, proxyOptions });
    };
    const responses = ["hunter2", "hunter3", "hunter2"].map(through);
    const counts = kept.inUse;
    expect(Object.keys(counts)).toHaveLength(2);
    expect(inspect(counts)).not.toMatch(/hunter|ada/);
    expect(inspect(counts)).toContain(`https://example.com via http://127.0.0.1:${proxy.port}`);
    for (const response of responses) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const error = await failed(response);
      expect(error).toMatchObject({ code: "RING_PROXY" });
      expect(inspect(error, { depth: 10 })).not.toMatch(/hunter/);
    }
  });
});

describe("a request that fails before it is sent", () => {
  it.each([
    ["its options are wrong", { requestTimeout: Number.NaN }],
    ["its signal has fired", { signal: AbortSignal.abort() }],
  ])("closes its body, because %s", async (_why, options) => {
    const { url } = await mirror();
    const body = Readable.from(["never"]);
    await failed(http.post(url, { pool: pool(), body, ...options }));
    expect(body.destroyed).toBe(true);
    const content = Readable.from(["never"]);
    await failed(http.post(url, { pool: pool(), multipart: [{ partName: "a", content }], ...options }));
    expect(content.destroyed).toBe(true);
  });
});

describe("a reader", () => {
  it.each([
    ["utf-16", Buffer.from([0, 97, 0, 98]), "ab"],
    ["cp437", Buffer.from([0x81]), "ü"],
  ])("reads %s as a string is read", async (charset, bytes, text) => {
    const { url } = await answer({ "content-type": `text/plain; charset=${charset}` }, bytes);
    const { body } = await http.get(url, { pool: pool(), as: "reader" });
    let read = "";
    for await (const piece of body) read += piece;
    expect(read).toBe(text);
    expect((await http.get(url, { pool: pool(), as: "string" })).body).toBe(text);
  });

  it("refuses an unknown charset as all others do", async () => {
    const { url } = await answer({ "content-type": "text/plain; charset=bogus" }, "x");
    const read = http.get(url, { pool: pool(), as: "reader" });
    await expect(read).rejects.toMatchObject({ code: "RING_UNKNOWN_CHARSET" });
  });
});

describe("a time", () => {
  it.each(["requestTimeout", "readTimeout", "socketTimeout", "poolTimeout", "connectionTimeout"])(
    "too long for a timer is none: %s",
    async (name) => {
      const { url } = await serve((_req, res) => void setTimeout(() => res.end("late"), 30));
      for (const time of [2 ** 31, Number.POSITIVE_INFINITY, null]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const { body } = await http.get(url, { pool: pool(), as: "string", [name]: time } as { as: "string" });
        expect(body).toBe("late");
      }
    },
  );

  it("too long for a timer is none: those of pools and proxies", async () => {
    const { url, port } = await serve((_req, res) => void setTimeout(() => res.end("late"), 30));
    for (const time of [2 ** 31, Number.POSITIVE_INFINITY]) {
      const proxyOptions = { host: "127.0.0.1", port, connectionTimeout: time };
      const connectionOptions = { connectTimeout: time, idleTimeout: time, proxyOptions };
      const patient = pool({ connectionOptions, unreadTimeout: time, readTimeout: time, controlPeriod: time });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect((await http.get(url, { pool: patient, as: "string" })).body).toBe("late");
    }
  });

  it.each([
    { readTimeout: Number.NaN },
    { totalConnections: 0 },
    { dnsOptions: { minTtl: Number.NaN } },
    { dnsOptions: { maxTtl: -1 } },
    { dnsOptions: { queryTimeout: Number.NaN } },
    { connectionOptions: { proxyOptions: { host: "a", connectionTimeout: Number.NaN } } },
    { connectionOptions: { proxyOptions: { host: "a", port: 70_000 } } },
  ])("or number that is none is refused: %j", (options) => {
    expect(() => http.connectionPool(options)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});
