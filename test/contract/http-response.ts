import { describe, expect, it } from "@jest/globals";
import pDefer from "p-defer";
import { chain, deferred, success, successDeferred } from "../../src/deferred/index.js";
import { abortSignal, wrapRingAsyncHandler } from "../../src/index.js";
import type { Handler, RingResponse } from "../../src/ring/types.js";
import { toSource } from "../../src/stream/index.js";
import { exchangeRaw, get, headOf, rawClient } from "../raw-client.js";
import { type Host, itUnless, onHttp1, serving, withLog } from "./host.js";

/** Status, headers, and the ways an answer can come. */
export function responseContract(host: Host): void {
  const ok: RingResponse = { status: 200, headers: { "x-is": "ok" }, body: "hello" };

  /** The head lines that go out for a response map. */
  async function headFor(response: unknown, method = "GET"): Promise<string[]> {
    let lines: string[] = [];
    await serving(
      host,
      () => response as RingResponse,
      async ({ port }) => {
        lines = headOf(await exchangeRaw(port, get("/", "Connection: close").replace("GET", method)));
      },
    );
    return lines;
  }

  describe(`${host.name}: an answer`, () => {
    it.each<[string, Handler]>([
      ["a map", () => ok],
      ["a promise", async () => ok],
      ["a deferred that is realized", () => successDeferred(ok)],
      ["a deferred that is realized later", () => chain(Promise.resolve(), () => ok)],
      ["a deferred of a deferred", () => successDeferred(successDeferred(ok)) as never],
      [
        "a p-defer object",
        () => {
          const later = pDefer<RingResponse>();
          setImmediate(() => later.resolve(ok));
          return later as never;
        },
      ],
      ["a thenable", () => ({ then: (resolve: (value: RingResponse) => void) => resolve(ok) }) as never],
      ["what a three-argument handler responds", wrapRingAsyncHandler((_request, respond) => respond(ok))],
      [
        "what a three-argument handler responds later",
        wrapRingAsyncHandler((_request, respond) => void setImmediate(() => respond(ok))),
      ],
    ])("can be %s", async (_kind, handler) => {
      await serving(host, handler, async ({ port, errors }) => {
        const response = await fetch(`http://localhost:${port}/`);
        expect([response.status, response.headers.get("x-is"), await response.text()]).toEqual([200, "ok", "hello"]);
        expect(errors).toEqual([]);
      });
    });

    it("that is there at once is complete when the handler's turn is", async () => {
      const order: string[] = [];
      await serving(
        host,
        () => {
          process.nextTick(() => order.push("tick"));
          queueMicrotask(() => order.push("microtask"));
          return {
            status: 200,
            headers: {
              get "x-a"(): string {
                order.push("read");
                return "1";
              },
            },
          };
        },
        async ({ port }) => {
          await fetch(`http://localhost:${port}/`);
          expect(order.filter((what, i) => order.indexOf(what) === i)).toEqual(["read", "tick", "microtask"]);
        },
      );
    });

    it.each<[string, unknown]>([
      ["null", null],
      ["undefined", undefined],
      ["a promise of null", Promise.resolve(null)],
      ["a deferred of undefined", successDeferred(undefined)],
    ])("that is %s passes the request on", async (_what, answer) => {
      await serving(
        host,
        () => answer as null,
        async ({ port, errors }) => {
          expect((await fetch(`http://localhost:${port}/`)).status).toBe(host.statusOfNull);
          expect(errors).toEqual([]);
        },
      );
    });

    const boom = Object.assign(new Error("boom"), { status: 418 });
    it.each<[string, Handler]>([
      [
        "throws",
        () => {
          throw boom;
        },
      ],
      ["rejects", () => Promise.reject(boom)],
      ["throws in a chain", () => chain(1, () => Promise.reject(boom)) as never],
      [
        "throws with three arguments",
        wrapRingAsyncHandler(() => {
          throw boom;
        }),
      ],
      ["raises", wrapRingAsyncHandler((_request, _respond, raise) => raise(boom))],
      [
        "raises, responds and throws: the first counts",
        wrapRingAsyncHandler((_request, respond, raise) => {
          raise(boom);
          respond(ok);
          throw new Error("late");
        }),
      ],
    ])("of a handler that %s is the error handler's, once", async (_what, handler) => {
      await serving(host, handler, async ({ port, errors }) => {
        const response = await fetch(`http://localhost:${port}/`);
        expect([response.status, await response.text()]).toEqual([418, "failed"]);
        expect(errors).toEqual([boom]);
      });
    });

    it.each([undefined, null, false, 0, "", "route", "router"])(
      "of a handler that fails with %p is an error all the same",
      async (nothing) => {
        await serving(
          host,
          // oxlint-disable-next-line prefer-promise-reject-errors
          () => Promise.reject(nothing),
          async ({ port, errors }) => {
            expect((await fetch(`http://localhost:${port}/`)).status).toBe(500);
            expect(errors).toMatchObject([{ code: "RING_HANDLER_FAILED" }]);
            expect((errors[0] as Error).cause).toBe(nothing);
          },
        );
      },
    );

    it("that comes twice is the first one", async () => {
      const twice = wrapRingAsyncHandler((_request, respond) => {
        respond(ok);
        respond({ status: 500, headers: {}, body: "second" });
      });
      await serving(host, twice, async ({ port }) => {
        expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe("hello");
      });
    });

    it("that comes after the client has left is dropped, its body closed, and nobody is told", async () => {
      await withLog(async (log) => {
        const answer = deferred<RingResponse>();
        const running = deferred<AbortSignal>();
        let closed = false;
        async function* body(): AsyncGenerator<string> {
          yield "never";
        }
        const source = body();
        source.return = async () => {
          closed = true;
          return { done: true, value: undefined };
        };
        await serving(
          host,
          (request) => {
            success(running, abortSignal(request));
            return answer;
          },
          async ({ port, errors }) => {
            const client = await rawClient(port);
            client.send(get("/"));
            const signal = await running;
            client.leave();
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
            success(answer, { status: 200, headers: {}, body: source });
            await new Promise((resolve) => setImmediate(resolve));
            expect(closed).toBe(true);
            expect([errors, log]).toEqual([[], []]);
          },
        );
      });
    });

    it("keeps its place among pipelined requests, and the later handler need not wait for the former", async () => {
      const first = deferred<RingResponse>();
      await serving(
        host,
        ({ uri }) => {
          if (uri === "/first") return first;
          setImmediate(() => success(first, { status: 200, headers: {}, body: "[1]" }));
          return { status: 200, headers: {}, body: "[2]" };
        },
        async ({ port }) => {
          const client = await rawClient(port);
          client.send(get("/first") + get("/second"));
          expect((await client.until(/\[2\]/)).replace(/[^]*?(\[\d\])[^[]*/g, "$1")).toBe("[1][2]");
          client.leave();
        },
      );
    });
  });

  describe(`${host.name}: status and headers`, () => {
    itUnless(host, "spelling").each<[string, unknown, string]>([
      ["none", {}, "200 OK"],
      ["undefined", { status: undefined, headers: undefined, body: undefined }, "200 OK"],
      ["a number", { status: 201 }, "201 Created"],
      ["digits", { status: "202" }, "202 Accepted"],
      ...onHttp1<[string, unknown, string]>(host, ["the last one", { status: 999 }, "999 unknown"]),
    ])("take as status: %s", async (_what, response, expected) => {
      expect((await headFor(response))[0]).toBe(`HTTP/1.1 ${expected}`);
    });

    itUnless(host, "spelling")(
      "go out as they are spelt, numbers as text, lists as one line for each element",
      async () => {
        const lines = await headFor({
          headers: { "X-CamelCase": "a", "x-number": 7, "X-list": ["1", "2"], "x-none": undefined, "x-empty": "" },
        });
        const sent = lines.filter((line) => line.toLowerCase().startsWith("x-") && !line.startsWith("X-Powered"));
        // HTTP/2 knows lower case only, and the gateway joins lines.
        if (host.isHttp2 === true) expect(sent).toEqual(["x-camelcase: a", "x-number: 7", "x-list: 1, 2", "x-empty: "]);
        else expect(sent).toEqual(["X-CamelCase: a", "x-number: 7", "X-list: 1", "X-list: 2", "x-empty: "]);
      },
    );

    itUnless(host, "spelling")("send several cookies on several lines", async () => {
      const lines = await headFor({ headers: { "Set-Cookie": ["a=1; Path=/", "b=2"] } });
      const name = host.isHttp2 === true ? "set-cookie" : "Set-Cookie";
      expect(lines.filter((line) => line.startsWith(name))).toEqual([`${name}: a=1; Path=/`, `${name}: b=2`]);
    });

    itUnless(host, "spelling")("leave content-type as it is, and absent where it is", async () => {
      expect(await headFor({ headers: { "content-type": "text/plain" } })).toContain("content-type: text/plain");
      expect((await headFor({ body: "x" })).join("\n")).not.toMatch(/content-type/i);
    });

    if (host.isHttp2 !== true) {
      it.each<[string, RingResponse, string[]]>([
        ["a string", { body: "hi" }, ["content-length: 2"]],
        ["a stream", { body: toSource(["hi"]) }, ["Transfer-Encoding: chunked"]],
        ["204", { status: 204 }, []],
      ])("leave out a transfer-encoding that was copied from elsewhere (%s)", async (_what, response, expected) => {
        const lines = await headFor({ ...response, headers: { "transfer-encoding": "chunked" } });
        expect(lines.filter((line) => /^(transfer-encoding|content-length)/i.test(line))).toEqual(expected);
      });
    }

    if (host.isHttp2 !== true) {
      it("let the handler close the connection", async () => {
        await serving(
          host,
          () => ({ status: 200, headers: { connection: "close" }, body: "bye" }),
          async ({ port }) => {
            expect(await exchangeRaw(port, get("/"))).toMatch(/connection: close[^]*bye$/i);
          },
        );
      });
    }

    itUnless(host, "HTTP/1.0")("close the connection of a client of HTTP/1.0", async () => {
      await serving(
        host,
        () => ok,
        async ({ port }) => expect(await exchangeRaw(port, "GET / HTTP/1.0\r\n\r\n")).toMatch(/hello$/),
      );
    });
  });

  describe(`${host.name}: an invalid response`, () => {
    it.each<[string, unknown, RegExp]>([
      ["a string", "hello", /is a string; a handler answers with a map/],
      ["false", false, /is a boolean/],
      ["a number", 7, /is a number/],
      ["an array", [200, {}, ["rack"]], /is an array/],
      ["a Map", new Map([["status", 200]]), /is a Map/],
      ["a function", () => ok, /is a function/],
      ["an Error", new Error("returned, not thrown"), /is an Error/],
      ["a Response of fetch", new Response("x"), /is a Response/],
      ["bytes", Buffer.from("x"), /is a Buffer/],
      ["status null", { status: null }, /has the status null; it is a whole number from 100 to 999/],
      ["status -100", { status: -100 }, /status -100/],
      ["status 1045", { status: 1045 }, /status 1045/],
      ["status 200.5", { status: 200.5 }, /status 200.5/],
      ["status NaN", { status: Number.NaN }, /status/],
      ["status abc", { status: "abc" }, /status "abc"/],
      ["status 0200", { status: "0200" }, /status "0200"/],
      ["a status object", { status: {} }, /status an object/],
      ["headers null", { headers: null }, /has null as headers/],
      ["headers in an array", { headers: [["a", "b"]] }, /has an array as headers/],
      ["headers in a Headers", { headers: new Headers({ a: "b" }) }, /has a Headers as headers/],
      ["headers in a Map", { headers: new Map() }, /has a Map as headers/],
      ["a header of null", { headers: { "x-a": null } }, /has null as header "x-a"/],
      ["a header of true", { headers: { "x-a": true } }, /has a boolean as header "x-a"/],
      ["a header object", { headers: { "x-a": {} } }, /has an object as header "x-a"/],
      ["a header list with null", { headers: { "x-a": ["1", null] } }, /has null among the values of header "x-a"/],
      ["a header list with a number", { headers: { "x-a": [1] } }, /has a number among/],
      ["a line break in a header", { headers: { "x-a": "1\r\nx-injected: 2" } }, /character in header "x-a"/],
      ["a line feed in a header list", { headers: { "x-a": ["1", "2\n3"] } }, /character in header "x-a"/],
      ["a NUL in a header", { headers: { location: "/\0" } }, /character in header "location"/],
      ["a header beyond Latin-1", { headers: { "x-a": "€" } }, /character in header "x-a"/],
      [
        "a line break in a header name",
        { headers: { "x-a\r\nx-injected": "1" } },
        /a header named "x-a\\r\\nx-injected"/,
      ],
      ["a header without a name", { headers: { "": "1" } }, /a header named ""/],
      ["a blank in a header name", { headers: { "x a": "1" } }, /a header named "x a"/],
      ["a content-length of abc", { headers: { "content-length": "abc" }, body: "x" }, /content-length "abc"/],
      [
        "two content-lengths",
        { headers: { "Content-Length": "3", "content-length": "1" }, body: "x" },
        /two headers "content-length", in different case: 3 and 1/,
      ],
      ["a number as body", { body: 7 }, /has a number as body.*wrapJsonResponse.*seq\(/],
      ["a boolean as body", { body: true }, /has a boolean as body.*wrapJsonResponse.*seq\(/],
      ["an object as body", { body: { a: 1 } }, /has an object as body.*wrapJsonResponse.*seq\(/],
      ["an array as body", { body: ["a"] }, /has an array as body.*wrapJsonResponse.*seq\(/],
      ["a Map as body", { body: new Map() }, /has a Map as body.*wrapJsonResponse.*seq\(/],
      ["a Set as body", { body: new Set() }, /has a Set as body.*wrapJsonResponse.*seq\(/],
      ["a Date as body", { body: new Date() }, /has a Date as body/],
      ["a function as body", { body: () => "x" }, /has a function as body.*call it/],
      ["a promise as body", { body: Promise.resolve("x") }, /as body.*promise of the whole response/],
      ["a deferred as body", { body: deferred() }, /as body.*deferred or promise of the whole response/],
      [
        "a URL that is no file",
        { body: new URL("https://example.org/") },
        /has an URL as body, of which only file: URLs/,
      ],
      [
        "an unknown charset",
        { headers: { "content-type": "text/plain; charset=bogus" }, body: "x" },
        /charset "bogus"/,
      ],
    ])("(%s) is an error before anything is sent, and the connection goes on", async (_what, response, complaint) => {
      let answer: unknown = response;
      await serving(
        host,
        () => answer as RingResponse,
        async ({ port, errors }) => {
          const client = await rawClient(port);
          client.send(get("/wrong?secret"));
          expect(headOf(await client.until(/failed$/)).join("\n")).toMatch(/^HTTP\/1.1 500 (?!.*(x-injected|x-a))/s);
          expect(errors).toMatchObject([
            { code: "RING_INVALID_RESPONSE", status: 500, message: expect.stringMatching(complaint) },
          ]);
          expect(errors).toMatchObject([{ message: expect.stringContaining("GET /wrong") }]);
          expect(errors).not.toMatchObject([{ message: expect.stringContaining("secret") }]);
          answer = ok;
          client.send(get("/right"));
          await client.until(/hello$/);
          client.leave();
        },
      );
    });

    it("leaves nothing of its headers in the answer of the error handler", async () => {
      await serving(
        host,
        () => ({ status: 200, headers: { "x-left": "1", "set-cookie": "a=1", "x-bad": "\n" }, body: "x" }),
        async ({ port }) => {
          const { headers } = await fetch(`http://localhost:${port}/`);
          expect([headers.get("x-left"), headers.get("set-cookie")]).toEqual([null, null]);
        },
      );
    });

    it("has its body closed", async () => {
      let closed = false;
      const body = new ReadableStream({
        cancel: () => {
          closed = true;
        },
      });
      await serving(
        host,
        () => ({ status: 99, headers: {}, body: body as never }),
        async ({ port }) => {
          expect((await fetch(`http://localhost:${port}/`)).status).toBe(500);
          expect(closed).toBe(true);
        },
      );
    });
  });
}
