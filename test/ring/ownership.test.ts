/** Requests that are handed over: who could look at one again finds it as it was. */
import { afterEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { wrapCookies } from "../../middleware/cookies.js";
import { wrapParams } from "../../middleware/params.js";
import { wrapFrameOptions } from "../../middleware/x-headers.js";
import { type Server, startServer } from "../../src/http/index.js";
import { request as mockRequest } from "../../src/mock/index.js";
import { subscribe } from "../../src/ring/diagnostics/index.js";
import { calling, isHandedOver, taking } from "../../src/ring/ownership.js";
import { router } from "../../src/ring/router/index.js";
import type { Handler, RingRequest } from "../../src/ring/types.js";

const answer = { status: 200, body: "" };
const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** What the innermost handler got, of a request to a server of this handler. */
async function asked(handler: Handler): Promise<void> {
  const server = await startServer(handler, { port: 0 });
  servers.push(server);
  const response = await fetch(`http://localhost:${server.port}/a?b=c`, { headers: { cookie: "d=e" } });
  expect(response.status).toBe(200);
}

const added = ["routeParams", "params", "cookies"];

describe("a request", () => {
  it("is handed over from the server to the innermost handler, one map for all", async () => {
    let innermost: RingRequest | undefined;
    const stack = router({
      "GET /a": wrapFrameOptions(
        wrapParams(
          wrapCookies((request) => {
            innermost = request;
            return answer;
          }),
        ) as Handler,
        "deny",
      ),
    });
    let first: RingRequest | undefined;
    const outermost = taking((request: RingRequest) => {
      expect(isHandedOver(request)).toBe(true);
      first = request;
      return calling(stack)(request, true);
    });
    await asked(outermost);
    expect(innermost).toBe(first);
    expect(innermost).toMatchObject({ routeParams: {}, params: { b: "c" }, cookies: { d: { value: "e" } } });
  });

  it("stays as it is for a middleware of somebody else's, wherever it stands", () => {
    const layers: ((handler: Handler) => Handler)[] = [
      (handler) => router({ "GET /a": handler }),
      (handler) => wrapParams(handler) as Handler,
      (handler) => wrapCookies(handler) as Handler,
      (handler) => wrapFrameOptions(handler, "deny"),
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 2, 3, 4), { minLength: 1, maxLength: 7 }), (order) => {
        const kept: { readonly request: RingRequest; readonly before: string[] }[] = [];
        const keeping =
          (handler: Handler): Handler =>
          (request) => {
            kept.push({ request, before: Object.keys(request) });
            // As one that tries again would.
            handler(request);
            return handler(request);
          };
        const stack = order.reduceRight(
          (handler, layer) => (layers[layer] ?? keeping)(handler),
          (() => answer) as Handler,
        );
        stack(mockRequest("get", "/a?b=c"));
        calling(stack)(mockRequest("get", "/a?b=c"), true);
        for (const { request, before } of kept) expect(Object.keys(request)).toEqual(before);
      }),
    );
  });

  it("stays as it is for a proxy around a middleware", () => {
    const changes: string[][] = [];
    const proxy = new Proxy(wrapParams(() => answer) as Handler, {
      apply(target, self, [request]: [RingRequest]) {
        const before = Object.keys(request);
        const result: unknown = Reflect.apply(target, self, [request]);
        changes.push(Object.keys(request).slice(before.length));
        return result;
      },
    });
    calling(proxy)(mockRequest("get", "/a?b=c"), true);
    expect(changes).toEqual([[]]);
  });

  it("stays as it is when a later route of a router is asked, and for an earlier one", async () => {
    const seen: RingRequest[] = [];
    const keep: Handler = (request) => {
      seen.push(request);
      return seen.length < 3 ? null : answer;
    };
    await asked(router({ "GET /:first": keep, "GET /{:second}": keep, "ANY /*third": keep }));
    expect(seen.map(({ routeParams }) => ({ ...routeParams }))).toEqual([
      { first: "a" },
      { second: "a" },
      { third: ["a"] },
    ]);
  });

  it("stays as it is for who watches requests", async () => {
    const seen: RingRequest[] = [];
    const unsubscribe = subscribe("express-ring:request:start", ({ request }) => void seen.push(request));
    try {
      await asked(router({ "GET /a": wrapParams(wrapCookies((() => answer) as never)) as Handler }));
    } finally {
      unsubscribe();
    }
    expect(seen).toHaveLength(1);
    expect(Object.keys(seen[0] as object).filter((key) => added.includes(key))).toEqual([]);
  });
});
