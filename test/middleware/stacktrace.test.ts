import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  stacktraceResponse,
  wrapStacktrace,
  wrapStacktraceLog,
  wrapStacktraceWeb,
} from "../../middleware/stacktrace.js";
import { deferred } from "../../src/deferred/index.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { root } from "../sources.js";
import { request } from "./helpers.js";

const browser = request({ headers: { accept: "text/html,*/*" } });
/** Not in any source or style that a page shows. */
const HIDDEN = ["hid", "den", 1].join("");

const ok = { status: 200, headers: {} };

const pageOf = async (error: unknown, asked: RingRequest = browser): Promise<string> =>
  (await stacktraceResponse(error, asked)).body;

/** An error whose stack has these frames. */
function errorAt(places: readonly string[], message = "boom"): Error {
  const error = new Error(message);
  error.stack = [`Error: ${message}`, ...places.map((place) => `    at ${place}`)].join("\n");
  return error;
}

/** The ways in which a handler fails. */
const failing: [string, (error: unknown) => Handler][] = [
  [
    "throws",
    (error) => () => {
      throw error;
    },
  ],
  ["rejects", (fault) => async () => Promise.reject(fault as Error)],
  [
    "fails a deferred later",
    (error) => () => {
      const later = deferred<RingResponse>();
      setImmediate(() => later.error(error));
      return later;
    },
  ],
];

let logged: jest.Spied<typeof console.error>;
const environment = process.env["NODE_ENV"];

beforeEach(() => {
  logged = jest.spyOn(console, "error").mockImplementation(() => {});
});

afterEach(() => {
  logged.mockRestore();
  if (environment === undefined) delete process.env["NODE_ENV"];
  else process.env["NODE_ENV"] = environment;
});

describe("wrapStacktraceWeb", () => {
  it.each(failing)("answers with text when a handler %s", async (_how, handler) => {
    const response = await wrapStacktraceWeb(handler(new Error("boom")))(request());
    expect(response).toMatchObject({ status: 500, headers: { "Content-Type": "text/plain" } });
    expect(response?.body).toMatch(/^Error: boom\n {4}at /);
  });

  it("answers with a page who wants HTML first", async () => {
    const handler = failing[0]?.[1](new Error("boom")) as Handler;
    expect((await wrapStacktraceWeb(handler)(browser))?.headers).toEqual({ "Content-Type": "text/html" });
  });

  it("keeps the status that an error asks for, and none that is no error's", async () => {
    const statusOf = async (status: unknown) =>
      (await stacktraceResponse(Object.assign(new Error("x"), { status }), request())).status;
    expect(await Promise.all([413, 399, 600, 200, "404", undefined].map(statusOf))).toEqual([
      413, 500, 500, 500, 500, 500,
    ]);
  });

  it("leaves answers as they are, in the same call", () => {
    expect(wrapStacktraceWeb(() => ok)(request())).toBe(ok);
    expect(wrapStacktraceWeb(() => null)(request())).toBeNull();
  });

  it.each(failing)("shows nothing in production, where a handler %s: the error goes on", async (_how, handler) => {
    process.env["NODE_ENV"] = "production";
    const error = new Error("boom");
    const app = wrapStacktraceWeb(handler(error));
    await expect((async () => app(request()))()).rejects.toBe(error);
    const told = wrapStacktrace(handler(error));
    await expect((async () => told(request()))()).rejects.toBe(error);
  });

  it("shows it there, too, if it is asked to, and nowhere if it is told not to", async () => {
    const handler = failing[0]?.[1](new Error("boom")) as Handler;
    expect(() => wrapStacktraceWeb(handler, { show: false })(request())).toThrow("boom");
    process.env["NODE_ENV"] = "production";
    expect(await wrapStacktraceWeb(handler, { show: true })(request())).toMatchObject({ status: 500 });
  });

  it("decides when wrapping, not when asked", () => {
    process.env["NODE_ENV"] = "production";
    const app = wrapStacktraceWeb(failing[0]?.[1](new Error("boom")) as Handler);
    delete process.env["NODE_ENV"];
    expect(() => app(request())).toThrow("boom");
  });
});

describe("wrapStacktraceLog", () => {
  it.each(failing)("logs and passes on when a handler %s", async (_how, handler) => {
    const error = new Error("boom", { cause: new Error("why") });
    const app = wrapStacktraceLog(handler(error));
    await expect((async () => app(request()))()).rejects.toBe(error);
    expect(logged).toHaveBeenCalledTimes(1);
    expect(String(logged.mock.calls[0]?.[0])).toMatch(/^Error: boom\n[^]*\[cause\]: Error: why/);
  });

  it("logs in colours if asked to", async () => {
    const app = wrapStacktraceLog(failing[0]?.[1]({ code: 1 }) as Handler, { color: true });
    await expect((async () => app(request()))()).rejects.toEqual({ code: 1 });
    expect(String(logged.mock.calls[0]?.[0])).toContain("\u001b[33m1");
  });
});

describe("wrapStacktrace", () => {
  it("logs once, and shows", async () => {
    const app = wrapStacktrace(failing[1]?.[1](new Error("boom")) as Handler);
    expect(await app(request())).toMatchObject({ status: 500 });
    expect(logged).toHaveBeenCalledTimes(1);
  });
});

describe("the text", () => {
  it("has causes, and the errors of an AggregateError, each once", async () => {
    const low = new Error("low");
    const error = new AggregateError([low, "a string"], "many", { cause: low });
    const text = await pageOf(error, request());
    expect(text.match(/^.*(low|many|string).*$/gm)).toEqual([
      "AggregateError: many",
      "Caused by: Error: low",
      "One of several: Thrown: 'a string'",
    ]);
  });

  it("ends, though causes go round in a circle or on for ever", async () => {
    const error: Error = new Error("loop");
    error.cause = error;
    expect((await pageOf(error, request())).match(/loop/g)).toHaveLength(1);
    let long = new Error("0");
    for (let at = 1; at < 100; at++) long = new Error(String(at), { cause: long });
    expect((await pageOf(long, request())).match(/Caused by/g)).toHaveLength(11);
  });

  it.each([undefined, null, 0, "text", { a: 1 }, () => {}])(
    "says what was thrown, if it is no error: %p",
    async (thrown) => {
      expect(await pageOf(thrown, request())).toMatch(/^Thrown: /);
      expect(await pageOf(thrown)).toContain("what was thrown is no error");
    },
  );
});

describe("the page", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "stacktrace-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function source(name: string, text: string): string {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  it("shows the lines around a frame, and marks its own", async () => {
    const path = source("a.js", Array.from({ length: 20 }, (_, line) => `line ${line + 1}`).join("\n"));
    const page = await pageOf(errorAt([`load (file://${path}?ring-reload=3:10:2)`]));
    expect(page.match(/line \d+/g)).toEqual(Array.from({ length: 11 }, (_, line) => `line ${line + 5}`));
    expect(page).toContain('<span class="here"><i>10</i>line 10</span>');
    expect(page).toContain("load");
  });

  it("folds what packages, Node and JavaScript have between", async () => {
    const path = source("node_modules/@some/thing/index.js", "secret of the package");
    const page = await pageOf(
      errorAt([`f (${path}:1:1)`, `g (${path}:1:1)`, "Array.map (<anonymous>)", "h (node:internal/x:1:2)"]),
    );
    expect(page).toContain("4 frames in @some/thing, JavaScript, Node");
    expect(page).not.toContain("secret of the package");
  });

  it("escapes names, messages, source and requests", async () => {
    const path = source("a.js", "<script>alert(1)</script>");
    const error = errorAt([`<script> (${path}:1:1)`], "<script>alert(2)</script>");
    error.name = "<script>alert(3)</script>";
    const page = await pageOf(
      error,
      request({
        ...browser,
        uri: "/<script>",
        queryString: '"><script>',
        headers: { ...browser.headers, "<script>": "<script>" },
      }),
    );
    expect(page).not.toContain("<script");
    expect(page.match(/&lt;script&gt;/g)?.length).toBeGreaterThan(6);
  });

  it("does not read files that a message names as frames", async () => {
    const path = source("secret.js", `the ${HIDDEN}`);
    const message = `bad input\n    at x (${path}:1:1)`;
    const error = new Error(message);
    expect(await pageOf(error)).not.toContain(HIDDEN);
    // Nor those that are no source, whoever names them.
    const other = source("passwd", HIDDEN);
    expect(await pageOf(errorAt([`x (${other}:1:1)`]))).not.toContain(HIDDEN);
  });

  it("masks what may be secret, wherever it stands in the request", async () => {
    const asked = {
      ...request({
        queryString: `page=2&access_token=${HIDDEN}&Password=${HIDDEN}`,
        headers: {
          accept: "text/html",
          cookie: `a=${HIDDEN}`,
          authorization: `Bearer ${HIDDEN}`,
          "proxy-authorization": HIDDEN,
          "set-cookie": HIDDEN,
          "x-csrf-token": HIDDEN,
          "x-api-key": HIDDEN,
          referer: `http://localhost/?token=${HIDDEN}`,
        },
      }),
      cookies: { id: { value: HIDDEN } },
      session: { user: HIDDEN },
      sessionKey: HIDDEN,
      antiForgeryToken: HIDDEN,
      params: { deep: [{ password: HIDDEN }], page: "2" },
    };
    const page = await pageOf(errorAt([]), asked);
    expect(page).not.toContain(HIDDEN);
    expect(page).toContain("page=2&amp;access_token=••••••&amp;Password=••••••");
    expect(page).toContain("page: &#39;2&#39;");
  });

  it("names bodies and other objects, and does not look into them", async () => {
    const asked = {
      ...browser,
      body: Buffer.from(HIDDEN),
      odd: new (class Odd {
        readonly [HIDDEN] = 1;
      })(),
    };
    const page = await pageOf(errorAt([]), asked);
    expect(page).not.toContain(HIDDEN);
    expect(page).toContain("an Odd");
  });

  it("ends, whatever goes round in a circle in the request", async () => {
    const circle: Record<string, unknown> = { name: "circling" };
    circle["inner"] = circle;
    const asked = { ...browser, circle, many: Array.from({ length: 10_000 }, () => "element") };
    const page = await pageOf(new Error("boom"), asked);
    expect(page.match(/circling/g)?.length).toBeLessThan(10);
    expect(page.match(/element/g)?.length).toBeLessThan(100);
  });

  it("shows the original source, where Node has source maps enabled", async () => {
    source(
      "server.ts",
      `import { wrapStacktraceWeb } from "${root}middleware/stacktrace.ts";
interface Unused {
  readonly a: string;
}

const app = wrapStacktraceWeb(() => {
  throw new Error("boom"); // in TypeScript
});
const response = await app({ headers: { accept: "text/html" } } as never);
console.log(/class="here">.*/.exec(String(response?.body))?.[0]);
`,
    );
    const node = [
      process.execPath,
      "--enable-source-maps",
      "--import",
      `${root}test/typescript-hooks.mjs`,
      "server.ts",
    ];
    const { stdout, stderr } = spawnSync(node[0] as string, node.slice(1), { cwd: folder, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toContain("<i>7</i>  throw new Error(&quot;boom&quot;); // in TypeScript");
  });

  it("takes a stack of a megabyte in its stride", async () => {
    const error = errorAt(["( ".repeat(250_000), ...Array.from({ length: 20_000 }, () => "f (/a.js:1:1)")]);
    const started = performance.now();
    await pageOf(error);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
