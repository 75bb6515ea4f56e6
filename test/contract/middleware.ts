/** What stacks of middleware do on every host, in whatever way the handler under them answers. */
import { readFileSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import {
  type AntiForgery,
  antiForgeryField,
  apiDefaults,
  type Cookies,
  type Flash,
  type JsonBody,
  type JsonResponse,
  type MultipartParams,
  memoryStore,
  type Params,
  recreate,
  type Session,
  siteDefaults,
  type TempFile,
  wrapDefaults,
  wrapJsonBody,
  wrapJsonResponse,
} from "../../middleware/index.js";
import { type Awaitable, deferred } from "../../src/deferred/index.js";
import { redirect } from "../../src/ring/response.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { type Host, serving } from "./host.js";

type SiteRequest = RingRequest &
  Params &
  MultipartParams &
  Cookies &
  Session<{ readonly user: string }> &
  Flash<string> &
  AntiForgery;
type ApiRequest = RingRequest & Params & JsonBody<{ readonly n: number }>;

const ETAG = '"1"';
const html = (body: string): RingResponse => ({ status: 200, headers: { "Content-Type": "text/html" }, body });

/** A small site: a page, a log-in by form, a log-out, an upload. */
function site({ requestMethod, uri, session, flash, ...request }: SiteRequest): RingResponse | null {
  switch (`${requestMethod} ${uri}`) {
    case "get /":
    case "head /":
      return html(`${flash ?? "no news"} for ${session.user ?? "guést"} ${antiForgeryField(request.antiForgeryToken)}`);
    case "post /login": {
      const user = request.params["user"] as string;
      return { ...redirect("/", "see-other"), session: recreate({ ...session, user }), flash: "welcome" };
    }
    case "post /logout":
      return { ...redirect("/", "see-other"), session: null };
    case "post /upload": {
      const { filename, contentType, tempfile, size } = request.multipartParams["file"] as TempFile;
      const text = readFileSync(tempfile, "utf8");
      rmSync(tempfile);
      return html([request.params["title"] as string, filename, contentType, size, text].join(", "));
    }
    default:
      return null;
  }
}

/** A small API. */
function api({ requestMethod, uri, params, body }: ApiRequest): JsonResponse | null {
  switch (`${requestMethod} ${uri}`) {
    case "post /double":
      return { status: 200, body: { twice: body.n * 2, unit: params["unit"] } };
    case "get /report.txt":
    case "head /report.txt":
      return { status: 200, headers: { ETag: ETAG }, body: "é" };
    default:
      return null;
  }
}

type Way = <Req, Res>(handler: (request: Req) => Res) => (request: Req) => Awaitable<Res>;

const ways: readonly (readonly [name: string, way: Way])[] = [
  ["at once", (handler) => handler],
  ["by a promise", (handler) => async (request) => handler(request)],
  [
    "by a deferred",
    (handler) => (request) => {
      const later = deferred<ReturnType<typeof handler>>();
      setImmediate(() => later.success(handler(request)));
      return later;
    },
  ],
];

const failures: readonly (readonly [name: string, handler: () => never | Promise<never>])[] = [
  [
    "throws",
    () => {
      throw new Error("boom");
    },
  ],
  ["rejects", () => Promise.reject(new Error("boom"))],
];

/** A client that keeps its cookies, and follows no redirects. */
function browser(port: number) {
  const cookies = new Map<string, string>();
  return {
    cookies,
    ask: async (path: string, { headers, ...init }: RequestInit = {}): Promise<Response> => {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const sent = { ...(headers as Record<string, string>), ...(cookie !== "" && { cookie }) };
      const answer = await fetch(`http://localhost:${port}${path}`, { redirect: "manual", ...init, headers: sent });
      for (const line of answer.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      return answer;
    },
  };
}

const tokenIn = (page: string): string => /value="([^"]*)"/.exec(page)?.[1] ?? "";
const fieldsOf = (fields: Record<string, string>): RequestInit => ({
  method: "POST",
  body: new URLSearchParams(fields),
});
const json = (body: string): RequestInit => ({ method: "POST", headers: { "content-type": "application/json" }, body });

export function middlewareContract(host: Host): void {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "middleware-"));
    await mkdir(join(root, "public"));
    await writeFile(join(root, "public", "style.css"), "a { color: red }");
  });
  afterAll(() => rm(root, { recursive: true }));

  /** The site under siteDefaults, and what its store of sessions holds. */
  function siteStack(handler: (request: SiteRequest) => Awaitable<RingResponse | null>) {
    const sessions: Record<string, Readonly<Record<string, unknown>>> = {};
    const app = wrapDefaults(handler, {
      ...siteDefaults,
      session: { ...siteDefaults.session, store: memoryStore(sessions) },
      static: { resources: { root: "public", roots: [root] } },
    });
    return { app, sessions };
  }

  const apiStack = (handler: (request: ApiRequest) => Awaitable<JsonResponse | null>): Handler =>
    wrapDefaults(wrapJsonBody(wrapJsonResponse(handler)), apiDefaults);

  describe.each(ways)(`${host.name}: a site whose handler answers %s`, (_name, way) => {
    const visited = (body: (client: ReturnType<typeof browser>, sessions: object) => Promise<void>): Promise<void> => {
      const { app, sessions } = siteStack(way(site));
      return serving(host, app, async ({ port, errors }) => {
        await body(browser(port), sessions);
        expect(errors).toEqual([]);
      });
    };

    it("logs in by a form, under a new key, and greets once", async () => {
      await visited(async ({ ask, cookies }, sessions) => {
        const page = await (await ask("/")).text();
        expect(page).toContain("no news for guést");
        const before = cookies.get("ring-session");
        const answer = await ask("/login", fieldsOf({ user: "ada", "__anti-forgery-token": tokenIn(page) }));
        expect([answer.status, answer.headers.get("location")]).toEqual([303, "/"]);
        expect(cookies.get("ring-session")).not.toBe(before);
        expect(Object.keys(sessions)).toEqual([cookies.get("ring-session")]);
        expect(await (await ask("/")).text()).toContain("welcome for ada");
        expect(await (await ask("/")).text()).toContain("no news for ada");
      });
    });

    it("refuses a form without its token, or with another session's, and takes it with its own", async () => {
      await visited(async ({ ask }) => {
        const token = tokenIn(await (await ask("/")).text());
        const refused = [{}, { "__anti-forgery-token": "" }, { "__anti-forgery-token": token.replace(/^./, "-") }];
        for (const fields of refused) {
          const answer = await ask("/login", fieldsOf({ user: "eve", ...fields }));
          expect([answer.status, await answer.text()]).toEqual([403, "<h1>Invalid anti-forgery token</h1>"]);
        }
        const header = { headers: { "x-csrf-token": token } };
        expect((await ask("/login", { ...fieldsOf({ user: "ada" }), ...header })).status).toBe(303);
        expect(await (await ask("/")).text()).toContain("welcome for ada");
      });
    });

    it("logs out, and forgets", async () => {
      await visited(async ({ ask }, sessions) => {
        const headers = { "x-ring-anti-forgery": "1" };
        await ask("/login", { ...fieldsOf({ user: "ada" }), headers });
        expect(Object.keys(sessions)).toHaveLength(1);
        expect((await ask("/logout", { method: "POST", headers })).status).toBe(303);
        expect(sessions).toEqual({});
        expect(await (await ask("/")).text()).toContain("no news for guést");
      });
    });

    it("takes an upload, and refuses one without a token", async () => {
      await visited(async ({ ask }) => {
        const form = new FormData();
        form.set("title", "A tïtle");
        form.set("file", new File(["some tëxt"], "näme.txt", { type: "text/plain" }));
        expect((await ask("/upload", { method: "POST", body: form })).status).toBe(403);
        form.set("__anti-forgery-token", tokenIn(await (await ask("/")).text()));
        const answer = await ask("/upload", { method: "POST", body: form });
        expect(await answer.text()).toBe("A tïtle, näme.txt, text/plain, 10, some tëxt");
      });
    });

    it("serves files without a session, and what is careful with everything", async () => {
      await visited(async ({ ask, cookies }, sessions) => {
        const answer = await ask("/style.css");
        expect(await answer.text()).toBe("a { color: red }");
        expect(Object.fromEntries(answer.headers)).toMatchObject({
          "content-type": "text/css; charset=utf-8",
          "x-frame-options": "SAMEORIGIN",
          "x-content-type-options": "nosniff",
        });
        const since = { "if-modified-since": answer.headers.get("last-modified") ?? "" };
        expect((await ask("/style.css", { headers: since })).status).toBe(304);
        expect([cookies.size, sessions]).toEqual([0, {}]);
      });
    });

    it("answers HEAD as GET, without the body", async () => {
      await visited(async ({ ask }) => {
        const got = await ask("/");
        const length = Buffer.byteLength(await got.text());
        const head = await ask("/", { method: "HEAD" });
        expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, `${length}`, ""]);
        expect(head.headers.get("content-type")).toBe("text/html; charset=utf-8");
      });
    });

    it("passes on what the handler passes on", async () => {
      await visited(async ({ ask }) => {
        expect((await ask("/elsewhere")).status).toBe(host.statusOfNull);
      });
    });
  });

  describe.each(ways)(`${host.name}: an API whose handler answers %s`, (_name, way) => {
    const called = (body: (ask: ReturnType<typeof browser>["ask"], errors: readonly unknown[]) => Promise<void>) =>
      serving(host, apiStack(way(api)), ({ port, errors }) => body(browser(port).ask, errors));

    it("takes JSON and gives JSON", async () => {
      await called(async (ask) => {
        const answer = await ask("/double?unit=km", json('{"n":21}'));
        expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
        expect(await answer.json()).toEqual({ twice: 42, unit: "km" });
      });
    });

    it("refuses JSON that is malformed, or too large", async () => {
      await called(async (ask, errors) => {
        const answer = await ask("/double", json('{"n":'));
        expect([answer.status, await answer.text()]).toEqual([400, "Malformed JSON in request body."]);
        expect(errors).toEqual([]);
        expect((await ask("/double", json(`"${"a".repeat(1_048_577)}"`))).status).toBe(413);
        expect(errors).toEqual([expect.objectContaining({ code: "RING_BODY_TOO_LARGE" })]);
      });
    });

    it("answers 304 for what the client has, with no cookie ever", async () => {
      await called(async (ask) => {
        const answer = await ask("/report.txt");
        expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([200, "2", "é"]);
        expect(answer.headers.getSetCookie()).toEqual([]);
        const cached = await ask("/report.txt", { headers: { "if-none-match": ETAG } });
        expect([cached.status, cached.headers.get("etag"), await cached.text()]).toEqual([304, ETAG, ""]);
        const head = await ask("/report.txt", { method: "HEAD", headers: { "if-none-match": ETAG } });
        expect(head.status).toBe(304);
      });
    });
  });

  describe.each(failures)(`${host.name}: under the presets a handler that %s`, (_name, fail) => {
    it("fails its request, and changes no session", async () => {
      const { app, sessions } = siteStack(fail);
      await serving(host, app, async ({ port, errors }) => {
        const { ask, cookies } = browser(port);
        for (const attempt of [1, 2]) {
          const answer = await ask("/");
          expect([answer.status, await answer.text()]).toEqual([500, "failed"]);
          expect(errors).toHaveLength(attempt);
        }
        expect(errors[0]).toMatchObject({ message: "boom" });
        expect([cookies.size, sessions]).toEqual([0, {}]);
      });
    });

    it("is not asked for files, nor without a token", async () => {
      const handler = jest.fn(fail);
      await serving(host, siteStack(handler).app, async ({ port, errors }) => {
        const { ask } = browser(port);
        expect((await ask("/style.css")).status).toBe(200);
        expect((await ask("/login", fieldsOf({}))).status).toBe(403);
        expect(handler).not.toHaveBeenCalled();
        expect(errors).toEqual([]);
      });
    });

    it("fails a call of the API, whether its body was read or not", async () => {
      await serving(host, apiStack(fail), async ({ port, errors }) => {
        const { ask } = browser(port);
        expect((await ask("/")).status).toBe(500);
        expect((await ask("/double", json('{"n":1}'))).status).toBe(500);
        expect((await ask("/double", json("{"))).status).toBe(400);
        expect(errors).toHaveLength(2);
      });
    });
  });
}
