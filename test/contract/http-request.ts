import { randomBytes } from "node:crypto";
import { request as send } from "node:http";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { abortSignal } from "../../src/index.js";
import type { RingRequest } from "../../src/ring/types.js";
import { get, rawClient } from "../raw-client.js";
import { type Host, itUnless, onHttp1, serving } from "./host.js";

/** The request map. */
export function requestContract(host: Host): void {
  /** The request map that a handler gets for what a client sends. */
  async function requestFor(text: string): Promise<RingRequest> {
    const seen: RingRequest[] = [];
    const handler = (request: RingRequest) => {
      seen.push(request);
      return { status: 200, headers: {} };
    };
    await serving(host, handler, async ({ port }) => {
      const client = await rawClient(port);
      client.send(text);
      await client.until(/\r\n\r\n/);
      client.leave();
    });
    return seen[0] as RingRequest;
  }

  describe(`${host.name}: the request map`, () => {
    it.each(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "PROPFIND"])(
      "has the method %s in lower case",
      async (method) => {
        const { requestMethod } = await requestFor(`${method} / HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        expect(requestMethod).toBe(method.toLowerCase());
      },
    );

    it.each([
      ["/a/b/c/?x=y&z", { uri: "/a/b/c/", queryString: "x=y&z" }],
      ["/a%20b?x=%41?y", { uri: "/a%20b", queryString: "x=%41?y" }],
      ["/a?", { uri: "/a", queryString: "" }],
      ["//a//b", { uri: "//a//b" }],
      ...onHttp1<[string, object]>(
        host,
        ["http://elsewhere:81/a?x", { uri: "/a", queryString: "x" }],
        ["http://elsewhere?x", { uri: "/", queryString: "x" }],
      ),
    ])("divides the target %s, undecoded, at its first question mark", async (target, expected) => {
      expect(await requestFor(get(target))).toMatchObject(expected);
    });

    it("has no queryString where there is no question mark", async () => {
      expect(await requestFor(get("/a"))).not.toHaveProperty("queryString");
    });

    itUnless(host, "socket")(
      "names both ends of the connection, the host that was asked for, scheme and protocol",
      async () => {
        let bound = 0;
        await serving(
          host,
          (request) => {
            expect(request).toMatchObject({
              serverPort: bound,
              serverName: "example.org",
              remoteAddr: "127.0.0.1",
              scheme: host.scheme ?? "http",
              protocol: host.isHttp2 === true ? "HTTP/2.0" : "HTTP/1.1",
            });
            return { status: 204 };
          },
          async ({ port, serverPort = port, errors }) => {
            bound = serverPort;
            const client = await rawClient(port);
            client.send("GET / HTTP/1.1\r\nHost: example.org:8080\r\n\r\n");
            await client.until(/^HTTP\/1.1 204/);
            client.leave();
            expect(errors).toEqual([]);
          },
        );
      },
    );

    if (host.isHttp2 !== true) {
      itUnless(host, "HTTP/1.0")(
        "names the socket's address where no host was asked for, and the client's own protocol",
        async () => {
          expect(await requestFor("GET / HTTP/1.0\r\n\r\n")).toMatchObject({
            serverName: "127.0.0.1",
            protocol: "HTTP/1.0",
          });
        },
      );
    }

    itUnless(host, "spelling").each([
      ["a comma", ["X-A: 1", "x-a: 2"], { "x-a": "1,2" }],
      ["a semicolon, for cookies", ["Cookie: a=1", "Cookie: b=2"], { cookie: "a=1;b=2" }],
      ...onHttp1<[string, string[], object]>(host, [
        "a comma, also where Node keeps only the first",
        ["Content-Type: a", "Content-Type: b"],
        { "content-type": "a,b" },
      ]),
      ["a comma, for set-cookie too", ["Set-Cookie: a=1", "Set-Cookie: b=2"], { "set-cookie": "a=1,b=2" }],
      ["nothing, where there is one", ["Set-Cookie: a=1", "Accept: x, y"], { "set-cookie": "a=1", accept: "x, y" }],
    ])("joins the values of one header by %s", async (_by, lines, expected) => {
      expect((await requestFor(get("/", ...lines))).headers).toMatchObject(expected);
    });

    itUnless(host, "spelling")("joins repeats among many header lines too", async () => {
      const many = Array.from({ length: 40 }, (_, i) => `X-${i}: ${i}`);
      const { headers } = await requestFor(get("/", "X-7: first", ...many));
      expect(headers).toMatchObject({ "x-7": "first,7", "x-39": "39" });
    });

    itUnless(host, "spelling")("has no header named __proto__ that changes the map", async () => {
      const { headers } = await requestFor(get("/", "__proto__: x"));
      expect(Object.getPrototypeOf(headers)).toEqual({});
    });

    it.each([
      ["a GET without one", get("/")],
      ["content-length 0", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"],
    ])("has no body with %s", async (_what, text) => {
      const request = await requestFor(text);
      expect(request).not.toHaveProperty("body");
      expect(request).not.toHaveProperty("parsedBody");
    });

    it.each([
      ["a content-length", "Content-Length: 3\r\n\r\nabc"],
      ["chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"],
    ])("has the body that comes with %s", async (_what, rest) => {
      await serving(
        host,
        async (request) => ({ status: 200, headers: {}, body: await buffer(request.body as Readable) }),
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(`POST / HTTP/1.1\r\nHost: a\r\n${rest}`);
          expect(await client.until(/abc$/)).toMatch(/^HTTP\/1.1 200/);
          client.leave();
        },
      );
    });

    it("is plain data: only its own string keys, and one symbol that leads back to the exchange", async () => {
      await serving(
        host,
        (request) => {
          const copy = { ...request, more: true };
          expect(Object.getPrototypeOf(request)).toBe(Object.prototype);
          expect(Object.getOwnPropertySymbols(copy)).toHaveLength(1);
          expect(abortSignal(copy)).toBe(abortSignal(request));
          expect(Object.values(Object.getOwnPropertyDescriptors(request)).filter((it) => !("value" in it))).toEqual([]);
          return { status: 204 };
        },
        async ({ port, errors }) => {
          await fetch(`http://localhost:${port}/`);
          expect(errors).toEqual([]);
        },
      );
    });

    it("leaves Node's headers as they are when its own are changed", async () => {
      await serving(
        host,
        (request) => {
          delete (request.headers as Record<string, string>)["x-a"];
          (request.headers as Record<string, string>)["x-b"] = "new";
          return null;
        },
        async ({ port, errors }) => {
          await fetch(`http://localhost:${port}/`, { headers: { "x-a": "1" } });
          expect(errors).toEqual([]);
        },
      );
    });
  });

  describe(`${host.name}: request bodies`, () => {
    it.each([1_000, 100_000, 3_000_000])("are echoed exactly: %d random bytes", async (size) => {
      const sent = randomBytes(size);
      await serving(
        host,
        ({ body }) => ({ status: 200, headers: {}, body: body as Readable }),
        async ({ port }) => {
          const response = await fetch(`http://localhost:${port}/`, { method: "PUT", body: sent });
          expect(Buffer.from(await response.arrayBuffer()).equals(sent)).toBe(true);
        },
      );
    });

    itUnless(host, "unread bodies").each([
      ["nobody reads", () => undefined],
      [
        "is read in part",
        async ({ body }: RingRequest) => {
          if (body === undefined) return;
          await new Promise((resolve) => (body as Readable).once("readable", resolve));
          (body as Readable).read(1);
        },
      ],
    ])("of a megabyte that %s does not hold up the next request of the connection", async (_what, read) => {
      await serving(
        host,
        async (request) => {
          await read(request);
          return { status: 200, headers: {}, body: request.uri };
        },
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(`POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(1_000_000)}`);
          client.send(get("/second"));
          await client.until(/\/second$/);
          expect(client.received()).toContain("/first");
          client.leave();
        },
      );
    });

    it.each<[string, number, number]>([
      ["in a response without a body", 204, 204],
      ["in an invalid response", 99, 500],
    ])("given back %s do not cost the client its answer", async (_what, status, expected) => {
      await serving(
        host,
        ({ body }) => ({ status, headers: {}, body: body as Readable }),
        async ({ port }) => {
          const client = await rawClient(port);
          client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
          client.send("x".repeat(50_000));
          await client.until(new RegExp(`^HTTP/1.1 ${expected}`));
          client.send("x".repeat(50_000) + get("/"));
          expect(await client.until(new RegExp(`HTTP/1.1 ${expected}[^]*HTTP/1.1 ${expected}`))).toMatch(/^HTTP/);
          client.leave();
        },
      );
    });

    it("fail while they are read, when the client leaves in the middle", async () => {
      let failure: unknown;
      let tell: () => void = () => {};
      const told = new Promise<void>((resolve) => {
        tell = resolve;
      });
      await serving(
        host,
        async (request) => {
          try {
            await buffer(request.body as Readable);
          } catch (error) {
            failure = error;
          }
          tell();
          return { status: 200 };
        },
        async ({ port, errors }) => {
          const client = await rawClient(port);
          client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
          await new Promise((resolve) => setImmediate(resolve));
          client.leave();
          await told;
          expect(failure).toMatchObject({ code: expect.stringMatching(/ECONNRESET|ERR_STREAM_PREMATURE_CLOSE/) });
          expect(errors).toEqual([]);
        },
      );
    });

    it("begin after 100 Continue where the client waits for it", async () => {
      await serving(
        host,
        async (request) => ({ status: 200, headers: {}, body: await buffer(request.body as Readable) }),
        async ({ port }) => {
          const answer = await new Promise<string>((resolve, reject) => {
            const request = send({ port, method: "POST", headers: { expect: "100-continue", "content-length": 2 } });
            request.on("continue", () => request.end("hi"));
            request.on("response", (response) => buffer(response).then((bytes) => resolve(bytes.toString()), reject));
            request.on("error", reject);
            request.flushHeaders();
          });
          expect(answer).toBe("hi");
        },
      );
    });
  });
}
