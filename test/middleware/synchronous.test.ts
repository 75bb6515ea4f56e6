import { createHook } from "node:async_hooks";
import { describe, expect, it } from "@jest/globals";
import {
  apiDefaults,
  type DefaultsConfig,
  secureApiDefaults,
  secureSiteDefaults,
  siteDefaults,
  wrapDefaults,
} from "../../middleware/defaults.js";
import {
  type Cookies,
  cookieStore,
  type Flash,
  memoryStore,
  type Params,
  type Session,
  wrapAbsoluteSessionTimeout,
  wrapCompression,
  wrapContentType,
  wrapCookies,
  wrapFileInfo,
  wrapFlash,
  wrapHead,
  wrapIdleSessionTimeout,
  wrapLint,
  wrapNotModified,
  wrapParams,
  wrapRanges,
  wrapResource,
  wrapSession,
  wrapStacktrace,
  wrapWebsocketKeepalive,
} from "../../middleware/index.js";
import type { Awaitable } from "../../src/deferred/index.js";
import { deferred, isDeferred } from "../../src/deferred/index.js";
import { getAll } from "../../src/ring/headers.js";
import { pipe } from "../../src/ring/pipe.js";
import type { RingRequest, RingResponse } from "../../src/ring/types.js";
import { form, request } from "./helpers.js";

type Full = RingRequest & Params & Cookies;

const stack = (handler: (request: Full) => Awaitable<RingResponse | null>) =>
  pipe(
    handler,
    (inner) => wrapResource(inner, "no-such-root"),
    wrapFileInfo,
    wrapParams,
    wrapCookies,
    wrapContentType,
    wrapNotModified,
    wrapHead,
    wrapRanges,
    wrapCompression,
  );

const page = (request: Full): RingResponse => ({
  status: 200,
  headers: {},
  body: `${String(request.queryParams["a"])} ${request.cookies["c"]?.value}`,
  cookies: { seen: { value: true, path: "/" } },
});
const asked = request({
  uri: "/page.html",
  queryString: "a=%31&b=+",
  headers: { cookie: "c=2" },
  requestMethod: "head",
});
const answered = {
  status: 200,
  headers: { "Set-Cookie": ["seen=true; Path=/"], "Content-Type": "text/html" },
  body: null,
};

/** How many promises are made while `run` runs. */
function promisesIn(run: () => unknown): number {
  let count = 0;
  const hook = createHook({ init: (_id, type) => void (type === "PROMISE" && count++) }).enable();
  try {
    run();
  } finally {
    hook.disable();
  }
  return count;
}

describe("a synchronous handler under middleware", () => {
  it("is answered in the same call, with no promise made", () => {
    const app = stack(page);
    let response: unknown;
    expect(promisesIn(() => (response = app(asked)))).toBe(0);
    expect(response).toEqual(answered);
  });

  it("is so, too, with a form that is there already", () => {
    const app = stack(({ formParams }) => ({ body: formParams["a"] === "1" ? "one" : "" }));
    const posted = request({ requestMethod: "post", headers: form, body: "a=1" });
    let response: unknown;
    expect(promisesIn(() => (response = app(posted)))).toBe(0);
    expect(response).toMatchObject({ body: "one" });
  });

  it("is so, too, with a body that is compressed, and with a part of it", () => {
    const app = stack(() => ({ status: 200, body: "a long text, ".repeat(200) }));
    const encoded = { "accept-encoding": "br, gzip" };
    let responses: unknown[] = [];
    const ask = (headers: Record<string, string>) => app(request({ uri: "/page.html", headers }));
    expect(promisesIn(() => (responses = [ask(encoded), ask({ ...encoded, range: "bytes=2-5" })]))).toBe(0);
    expect(responses).toMatchObject([{ status: 200, headers: { "Content-Encoding": "br" } }, { status: 206 }]);
  });

  it("is so, too, under what is there for development", () => {
    const handler = (request: RingRequest): RingResponse => ({ status: 200, headers: {}, body: request.uri });
    const app = pipe(handler, wrapWebsocketKeepalive, wrapLint, wrapStacktrace);
    let response: unknown;
    expect(promisesIn(() => (response = app(asked)))).toBe(0);
    expect(response).toEqual({ status: 200, headers: {}, body: "/page.html" });
  });

  it("would be found out by a promise", () => {
    expect(promisesIn(() => stack(async (request) => page(request))(asked))).toBeGreaterThan(0);
  });

  it("throws in place what the handler throws", () => {
    const app = stack(() => {
      throw new Error("boom");
    });
    expect(() => app(asked)).toThrow("boom");
  });
});

describe.each([
  ["memoryStore", memoryStore()],
  ["cookieStore", cookieStore()],
])("a synchronous handler under wrapSession with %s", (_name, store) => {
  const visit = ({ session, flash }: RingRequest & Session & Flash): RingResponse => ({
    body: JSON.stringify([session["visits"], flash]),
    session: { ...session, visits: Number(session["visits"] ?? 0) + 1 },
    flash: "welcome back",
  });
  const timeout = { timeout: 60, timeoutResponse: { status: 401 } };

  it.each([
    ["without onStoreError", {}],
    ["with onStoreError", { onStoreError: () => "continue" as const }],
  ])("is answered in the same call, with no promise made, %s", (_how, options) => {
    const app = pipe(
      visit,
      wrapFlash,
      (inner) => wrapIdleSessionTimeout(inner, timeout),
      (inner) => wrapAbsoluteSessionTimeout(inner, timeout),
      (inner) => wrapSession(inner, { store, ...options }),
    );
    let response: Awaitable<RingResponse | null | undefined>;
    expect(promisesIn(() => (response = app(request())))).toBe(0);
    const [cookie = ""] = getAll(response as RingResponse, "set-cookie");
    const again = request({ headers: { cookie: cookie.split(";", 1).join() } });
    expect(promisesIn(() => (response = app(again)))).toBe(0);
    expect(response).toMatchObject({ body: '[1,"welcome back"]' });
  });
});

describe("a synchronous handler under the presets", () => {
  const hello = (): RingResponse => ({ status: 200, headers: { "Content-Type": "text/html" }, body: "hello" });
  const overHttps = request({ scheme: "https", queryString: "a[b]=1", headers: { host: "localhost", cookie: "a=b" } });

  it.each<[string, DefaultsConfig]>([
    ["apiDefaults", apiDefaults],
    ["secureApiDefaults", secureApiDefaults],
    ["siteDefaults without static", { ...siteDefaults, static: false }],
    ["siteDefaults with a root that does not exist", { ...siteDefaults, static: { resources: "no such folder" } }],
    ["secureSiteDefaults without static, behind a proxy", { ...secureSiteDefaults, static: false, proxy: true }],
    [
      "siteDefaults over a memory store",
      { ...siteDefaults, static: false, session: { flash: true, store: memoryStore() } },
    ],
  ])("is answered in the same call by %s, with no promise made", (_name, config) => {
    const app = wrapDefaults(hello, config);
    let response: unknown;
    expect(promisesIn(() => (response = app(overHttps)))).toBe(0);
    expect(response).toMatchObject({ status: 200, body: "hello" });
    // The second time there is a session.
    const { headers } = response as RingResponse;
    const cookie = String(headers?.["Set-Cookie"] ?? "").split(";", 1)[0] ?? "";
    const again = { ...overHttps, headers: { ...overHttps.headers, cookie } };
    expect(promisesIn(() => (response = app(again)))).toBe(0);
    expect(response).toMatchObject({ status: 200, body: "hello" });
  });

  it("is not asked, in the same call, where there is no token", () => {
    const app = wrapDefaults(hello, { ...siteDefaults, static: false });
    let response: unknown;
    expect(promisesIn(() => (response = app({ ...overHttps, requestMethod: "post" })))).toBe(0);
    expect(response).toMatchObject({ status: 403 });
  });
});

describe("an asynchronous handler under middleware", () => {
  it("is answered when its deferred is, with no promise made for it", () => {
    const later = deferred<RingResponse>();
    const app = stack(() => later);
    let response: unknown;
    expect(promisesIn(() => (response = app(asked)))).toBe(0);
    expect(isDeferred(response) && response.isRealized).toBe(false);
    later.success({ status: 200, body: "x" });
    expect(response).toMatchObject({ result: { status: 200, headers: { "Content-Type": "text/html" }, body: null } });
  });

  it("rejects with what the handler rejects with", async () => {
    const app = stack(() => Promise.reject(new Error("boom")));
    await expect(app(asked)).rejects.toThrow("boom");
  });

  it("passes on that there is no answer", async () => {
    expect(await stack(async () => null)(asked)).toBeNull();
    expect(stack(() => null)(asked)).toBeNull();
  });
});
