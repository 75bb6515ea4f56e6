import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { type Params, wrapParams } from "../../middleware/params.js";
import { type Session, wrapSession } from "../../middleware/session.js";
import { deferred, success } from "../../src/deferred/index.js";
import {
  abortSignal,
  expressOf,
  type Handler,
  pipe,
  RingError,
  type RingRequest,
  seq,
  toFetch,
  websocketConnection,
} from "../../src/index.js";
import { tagOf } from "../../src/ring/tag.js";
import { put, stream } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";

const at = (path: string, init?: RequestInit): Request => new Request(new URL(path, "http://example.org"), init);

/** The request map that a handler gets for a request of fetch. */
async function mapOf(request: Request): Promise<RingRequest> {
  let seen: RingRequest | undefined;
  await toFetch((map) => {
    seen = map;
    return { status: 204 };
  })(request);
  return seen as RingRequest;
}

describe("toFetch", () => {
  it("makes the request map of the URL and the headers", async () => {
    const request = new Request("https://Example.org:8443/a%20b/?x=%41#y", {
      headers: { "X-A": "1", cookie: "a=1" },
    });
    const { headers, ...map } = await mapOf(request);
    expect(map).toMatchObject({
      serverPort: 8443,
      serverName: "example.org",
      remoteAddr: "",
      uri: "/a%20b/",
      queryString: "x=%41",
      scheme: "https",
      requestMethod: "get",
      protocol: "HTTP/1.1",
    });
    expect({ ...headers }).toEqual({ "x-a": "1", cookie: "a=1" });
    expect(Object.getPrototypeOf(headers)).toBeNull();
    expect(map).not.toHaveProperty("body");
  });

  it.each([
    ["http://a/", { serverPort: 80, queryString: undefined }],
    ["https://a/?", { serverPort: 443, queryString: "" }],
    ["http://[::1]:3000/x#?no", { serverPort: 3000, serverName: "[::1]", queryString: undefined }],
  ])("reads %s", async (url, expected) => {
    const map = await mapOf(new Request(url));
    for (const [key, value] of Object.entries(expected)) expect(map[key as keyof RingRequest]).toBe(value);
  });

  it("serves a stack of middleware, cookies and forms included", async () => {
    const app = toFetch(
      pipe(
        ({ params, session }: RingRequest & Session & Params) => ({
          status: 200,
          session: { n: Number(session["n"] ?? 0) + Number(params["n"]) },
          body: String(session["n"]),
        }),
        wrapSession,
        wrapParams,
      ),
    );
    const add = (n: string, cookie = ""): Promise<Response> =>
      app(at("/", { method: "POST", body: new URLSearchParams({ n }), headers: { cookie } }));
    const first = await add("2");
    const [cookie = ""] = (first.headers.getSetCookie()[0] ?? "").split(";");
    expect(await first.text()).toBe("undefined");
    expect(await (await add("3", cookie)).text()).toBe("2");
    expect(await (await add("0", cookie)).text()).toBe("5");
  });

  it("keeps cookies apart, and adds no header but the length", async () => {
    const response = await toFetch(() => ({
      headers: { "Set-Cookie": ["a=1, b", "c=2"], "X-L": ["1", "2"] },
      body: "é",
    }))(at("/"));
    expect([...response.headers]).toEqual([
      ["content-length", "2"],
      ["set-cookie", "a=1, b"],
      ["set-cookie", "c=2"],
      ["x-l", "1, 2"],
    ]);
    expect(response.status).toBe(200);
  });

  it("answers 404 where the handler has null, or what the fallback does", async () => {
    expect((await toFetch(() => null)(at("/"))).status).toBe(404);
    const app = toFetch<[string]>(async () => undefined, {
      fallback: async (request, env) => new Response(`${await request.text()} ${env}`),
    });
    expect(await (await app(at("/", { method: "POST", body: "untouched" }), "env")).text()).toBe("untouched env");
  });

  it("asks what the host has for the client's address", async () => {
    const app = toFetch<[{ ip: string }]>(({ remoteAddr }) => ({ body: remoteAddr }), {
      remoteAddr: (request, { ip }) => request.headers.get("x-ip") ?? ip,
    });
    expect(await (await app(at("/"), { ip: "::1" })).text()).toBe("::1");
    expect(await (await app(at("/", { headers: { "x-ip": "::2" } }), { ip: "::1" })).text()).toBe("::2");
  });

  const teapot = new RingError("RING_TEAPOT", "this is a teapot; send a cup", { status: 418 });
  it.each<[string, unknown, number, string, number]>([
    ["an error", new Error("secret"), 500, "Internal Server Error", 1],
    [
      "somebody else's error with a status",
      Object.assign(new Error("secret"), { status: 400 }),
      500,
      "Internal Server Error",
      1,
    ],
    ["an error that is the client's fault", teapot, 418, "this is a teapot; send a cup", 0],
    [
      "an error that is the server's fault",
      new RingError("RING_X", "secret", { status: 503 }),
      503,
      "Service Unavailable",
      1,
    ],
    ["nothing", undefined, 500, "Internal Server Error", 1],
  ])("answers %s with what the client may know of it", (_what, error, status, text, logged) =>
    withLog(async (log) => {
      for (const fail of [
        () => Promise.reject(error),
        () => {
          throw error;
        },
      ] as Handler[]) {
        const response = await toFetch(fail)(at("/x?secret"));
        expect([response.status, await response.text()]).toEqual([status, text]);
        expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      }
      expect(log).toHaveLength(2 * logged);
      for (const { message } of log) expect(message).toBe("GET /x failed");
    }),
  );

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("again");
      },
    ],
    ["rejects", () => Promise.reject(new Error("again"))],
    ["answers with nothing", () => null],
    ["answers with no response", () => "sorry"],
    [
      "answers with a body that fails",
      () => ({
        body: seq({
          [Symbol.iterator]: () => {
            throw new Error("again");
          },
        }),
      }),
    ],
  ])("answers 500 where the errorHandler %s", (_what, errorHandler) =>
    withLog(async (log) => {
      const app = toFetch(() => Promise.reject(new Error("first")), { errorHandler: errorHandler as () => null });
      const response = await app(at("/"));
      expect([response.status, await response.text()]).toEqual([500, "Internal Server Error"]);
      expect(log).toHaveLength(1);
    }),
  );

  it("refuses statuses that fetch does not have", () =>
    withLog(async (log) => {
      for (const status of [100, 101, 103, 600, 999]) {
        expect((await toFetch(() => ({ status, headers: { "x-left": "1" } }))(at("/"))).headers.has("x-left")).toBe(
          false,
        );
      }
      expect(log).toHaveLength(5);
      for (const { error } of log) {
        expect(error).toMatchObject({ code: "RING_INVALID_RESPONSE", message: expect.stringContaining("of fetch") });
      }
    }));

  it("says clearly what it cannot do: Express's objects, websockets", () =>
    withLog(async (log) => {
      const attempts: Handler[] = [
        (request) => expressOf(request) as never,
        (request) => websocketConnection(request) as never,
      ];
      for (const attempt of attempts) expect((await toFetch(attempt)(at("/"))).status).toBe(500);
      expect((await toFetch(() => ({ websocketListener: {} }))(at("/"))).status).toBe(500);
      expect(log.map(({ error }) => (error as { code: string }).code)).toEqual([
        "RING_NO_EXCHANGE",
        "RING_NO_EXCHANGE",
        "RING_INVALID_RESPONSE",
      ]);
    }));

  it("asks the body for more only as fast as it is read, 10 MiB of it", async () => {
    const body = stream<Uint8Array>();
    let made = 0;
    const produce = async (): Promise<void> => {
      for (let i = 0; i < 160; i++) {
        if (!(await put(body, new Uint8Array(65_536)))) return;
        made++;
      }
      body.close();
    };
    void produce();
    const response = await toFetch(() => ({ body }))(at("/"));
    await sleep(20);
    expect(made).toBeLessThan(4);
    let read = 0;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      read += chunk.length;
      expect(made * 65_536 - read).toBeLessThan(4 * 65_536);
    }
    expect(read).toBe(10 * 2 ** 20);
  });

  it("closes the body and fires abortSignal when the reader cancels", async () => {
    const body = stream<string>();
    void put(body, "first");
    const seen = deferred<AbortSignal>();
    const response = await toFetch((request) => {
      success(seen, abortSignal(request));
      return { body };
    })(at("/"));
    const signal = await seen;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toBe("first");
    expect(signal.aborted).toBe(false);
    await reader.cancel();
    expect([signal.aborted, body.isClosed()]).toEqual([true, true]);
  });

  it("closes the body and fires abortSignal when the request's signal does", async () => {
    const controller = new AbortController();
    const body = stream<string>();
    void put(body, "first");
    let signal: AbortSignal | undefined;
    const response = await toFetch((request) => {
      signal = abortSignal(request);
      return { body };
    })(at("/", { signal: controller.signal }));
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    controller.abort();
    expect([signal?.aborted, body.isClosed()]).toEqual([true, true]);
    await expect(reader.read()).rejects.toMatchObject({ name: "AbortError" });
  });

  it("drops an answer that comes after the client has left, and leaves nobody waiting", () =>
    withLog(async (log) => {
      const controller = new AbortController();
      const answer = deferred<{ body: ReturnType<typeof stream<string>> }>();
      const response = toFetch(() => answer)(at("/", { signal: controller.signal }));
      controller.abort();
      expect((await response).status).toBe(499);
      const body = stream<string>();
      success(answer, { body });
      await answer;
      expect(body.isClosed()).toBe(true);
      expect(log).toEqual([]);
    }));

  it("does not fire abortSignal once it has given its answer", async () => {
    const controller = new AbortController();
    let signal: AbortSignal | undefined;
    const response = await toFetch((request) => {
      signal = abortSignal(request);
      return { body: "all" };
    })(at("/", { signal: controller.signal }));
    controller.abort();
    expect(signal?.aborted).toBe(false);
    expect(await response.text()).toBe("all");
  });

  it("gives the reader what came before a failure, and then the failure", () =>
    withLog(async (log) => {
      const boom = new Error("boom");
      function* letters(): Generator<string> {
        yield "a";
        yield "b";
        throw boom;
      }
      const response = await toFetch(() => ({ body: letters() }))(at("/"));
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      let text = "";
      const readAll = async (): Promise<void> => {
        for (;;) text += Buffer.from((await reader.read()).value as Uint8Array).toString();
      };
      await expect(readAll()).rejects.toBe(boom);
      expect(text).toBe("ab");
      expect(log).toMatchObject([{ error: { message: "boom" } }]);
    }));

  it("leads tools to the handler, and refuses options that it does not have", () => {
    const handler: Handler = () => null;
    expect(tagOf(toFetch(handler))).toEqual({ name: "toFetch", inner: handler });
    // @ts-expect-error: misspelt
    expect(() => toFetch(handler, { onError: () => null })).toThrow('no option "onError": there are fallback');
  });
});
