import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { linkSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { request as ask, type IncomingMessage } from "node:http";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import express from "express";
import {
  fileRequest,
  wrapCompression,
  wrapContentType,
  wrapFile,
  wrapHead,
  wrapNotModified,
  wrapRanges,
} from "../../middleware/index.js";
import { readRegion } from "../../src/byte-streams/core.js";
import { mockClock, withClock } from "../../src/clock/index.js";
import { ring } from "../../src/express/index.js";
import { pipe } from "../../src/ring/pipe.js";
import { fileResponse } from "../../src/ring/response.js";
import type { Handler, RingRequest, RingResponse } from "../../src/ring/types.js";
import { withApp } from "../express/hosts.js";
import { makeFolder } from "../folder.js";
import { request } from "./helpers.js";

const folder = makeFolder();
const root = folder.of("root");
const missing: RingResponse = { status: 404, headers: {}, body: "handler" };
const modified = new Date("2024-05-06T07:08:09.500Z");

beforeAll(() => {
  folder.write("secret.txt", "secret");
  folder.write("root/page.html", "<p>page</p>");
  folder.write("root/sub/index.html", "sub");
  folder.write("root/.env", "KEY=1");
  folder.write("root/.well-known/security.txt", "mail us");
  folder.write("root-evil/evil.txt", "evil");
  folder.write("root/large.bin", Buffer.alloc(300_000, "x"));
  folder.write("root/large.txt", Buffer.alloc(3_000_000, "some text, "));
  utimesSync(folder.of("root/page.html"), modified, modified);
});
afterAll(() => folder.remove());

type Wrap = (request: RingRequest) => Promise<RingResponse | null | undefined>;
const wrapped = (options = {}, handler: Handler = () => missing): Wrap => {
  const app = wrapFile(handler, root, options);
  return async (request) => app(request);
};
const get = (uri: string, more: Partial<RingRequest> = {}) => request({ uri, ...more });

/** A GET whose path is sent as it is. */
async function raw(
  port: number,
  path: string,
  headers = {},
): Promise<{ status: number; text: string; message: IncomingMessage }> {
  const asked = ask({ port, path, headers }).end();
  const [message] = (await once(asked, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of message) text += String(chunk);
  return { status: message.statusCode ?? 0, text, message };
}

/** Descriptors of this process that lead into the folder. */
const openFiles = (): string[] =>
  readdirSync("/proc/self/fd").filter((name) => {
    try {
      return execFileSync("readlink", [`/proc/${process.pid}/fd/${name}`])
        .toString()
        .startsWith(folder.path);
    } catch {
      return false;
    }
  });

describe("wrapFile", () => {
  it("throws when it is put together if the root does not exist", () => {
    expect(() => wrapFile(() => missing, folder.of("nowhere"))).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining("does not exist") }),
    );
  });

  it.each([{ dotfiles: "deny" }, { cacheFor: -1 }, { cacheFor: Number.NaN }, { precompressed: ["deflate"] }])(
    "throws when it is put together with %p",
    (options) => {
      expect(() => wrapFile(() => missing, root, options as object)).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
      );
    },
  );

  it("takes the root as a URL, too", async () => {
    const app = wrapFile(() => missing, new URL(`file://${root}/`));
    expect(await app(get("/page.html"))).toMatchObject({ status: 200 });
  });

  it("answers what is not a GET or HEAD in the same call", () => {
    expect(wrapFile(() => missing, root)(get("/page.html", { requestMethod: "post" }))).toBe(missing);
  });

  it.each(["GET", "HEAD"])("serves what was looked up over a connection, %s", async (method) => {
    const app = express().use(ring(wrapContentType(wrapFile(() => missing, root))));
    await withApp(app, async ({ url }) => {
      const response = await fetch(`${url}/page.html`, { method });
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-length": "11",
        "content-type": "text/html",
        "last-modified": "Mon, 06 May 2024 07:08:09 GMT",
      });
      expect(await response.text()).toBe(method === "GET" ? "<p>page</p>" : "");
    });
  });

  it("serves a file that is larger than what is read at once", async () => {
    await withApp(express().use(ring(wrapFile(() => missing, root))), async ({ url }) => {
      expect(await (await fetch(`${url}/large.bin`)).text()).toBe("x".repeat(300_000));
    });
  });

  it("answers 304 to what browsers send when they come back", async () => {
    const handler = wrapNotModified(wrapContentType(wrapFile(() => missing, root)));
    await withApp(express().use(ring(handler)), async ({ url }) => {
      const first = await fetch(`${url}/page.html`);
      const again = await fetch(`${url}/page.html`, {
        headers: {
          "if-modified-since": first.headers.get("last-modified") ?? "",
          "cache-control": "max-age=0",
          accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
          "accept-encoding": "gzip, deflate, br, zstd",
        },
      });
      expect([again.status, await again.text()]).toEqual([304, ""]);
      expect(again.headers.get("last-modified")).toBe(first.headers.get("last-modified"));
    });
  });

  it("closes the body of a 404 that it answers in place of", async () => {
    const close = jest.fn();
    const answer = { status: 404, body: { close } as unknown as string };
    const response = await wrapFile(() => answer, root, { preferHandler: true })(get("/page.html"));
    expect(response).toMatchObject({ status: 200 });
    expect(close).toHaveBeenCalledTimes(1);
  });

  it("tries the index files that it is told, in that order, and no others", async () => {
    const app = wrapped({ indexFiles: ["default.html", "index.html"] });
    expect(await app(get("/sub/"))).toMatchObject({ status: 200, body: { path: `${root}/sub/index.html` } });
    folder.write("root/sub/default.html", "default");
    expect(await app(get("/sub"))).toMatchObject({ body: { path: `${root}/sub/default.html` } });
    rmSync(folder.of("root/sub/default.html"));
    expect(await wrapped({ indexFiles: ["default.html"] })(get("/sub/"))).toBe(missing);
  });

  it("sees at once that a file has changed, gone or come back", async () => {
    const app = wrapped();
    const length = async () => (await app(get("/changing.txt")))?.headers?.["Content-Length"];
    expect(await length()).toBeUndefined();
    folder.write("root/changing.txt", "one");
    expect(await length()).toBe("3");
    folder.write("root/changing.txt", "three");
    expect(await length()).toBe("5");
    rmSync(folder.of("root/changing.txt"));
    expect(await length()).toBeUndefined();
  });

  it("follows a root that is a link when the link is set to another folder", async () => {
    folder.write("release-1/a.txt", "1");
    folder.write("release-2/a.txt", "22");
    symlinkSync("release-1", folder.of("current"));
    const app = wrapFile(() => missing, folder.of("current"));
    expect(await app(get("/a.txt"))).toMatchObject({ headers: { "Content-Length": "1" } });
    symlinkSync("release-2", folder.of("next"));
    renameSync(folder.of("next"), folder.of("current"));
    expect(await app(get("/a.txt"))).toMatchObject({ headers: { "Content-Length": "2" } });
  });

  it("looks again only after cacheFor", async () => {
    folder.write("root/cached.txt", "1");
    const clock = mockClock();
    const app = wrapFile(() => missing, root, { cacheFor: 1000 });
    const length = async () => (await withClock(clock, () => app(get("/cached.txt"))))?.headers?.["Content-Length"];
    // Found, then read and kept.
    expect([await length(), await length()]).toEqual(["1", "1"]);
    folder.write("root/cached.txt", "22");
    clock.advance(500);
    expect(await length()).toBe("1");
    clock.advance(600);
    expect(await length()).toBe("2");
  });
});

describe("wrapFile with precompressed files", () => {
  beforeAll(() => {
    folder.write("root/app.js", "let a = 1; // and more");
    folder.write("root/app.js.br", "brotli");
    folder.write("root/app.js.gz", "gz");
    folder.write("root/sub/index.html.gz", "gz of sub");
  });
  const app = wrapContentType(wrapFile(() => missing, folder.of("root") && root0(), { precompressed: ["br", "gzip"] }));
  function root0(): string {
    mkdirSync(root, { recursive: true });
    return root;
  }
  const answer = async (uri: string, encodings: string | undefined) => {
    const headers = encodings === undefined ? {} : { "accept-encoding": encodings };
    const response = await app(get(uri, { headers }));
    const file = response?.body as { seen: { path: string } } | undefined;
    return [file?.seen.path.slice(root.length), response?.headers] as const;
  };

  it.each([
    ["gzip, deflate, br, zstd", "/app.js.br", "br", "6"],
    ["gzip", "/app.js.gz", "gzip", "2"],
    ["gzip;q=1, br;q=0.5", "/app.js.gz", "gzip", "2"],
    ["br;q=0, *", "/app.js.gz", "gzip", "2"],
  ])("sends to %s the file beside it, under the type of the file itself", async (encodings, path, coding, length) => {
    const [sent, headers] = await answer("/app.js", encodings);
    expect(sent).toBe(path);
    expect(headers).toMatchObject({
      "Content-Encoding": coding,
      "Content-Length": length,
      "Content-Type": "text/javascript",
      Vary: "Accept-Encoding",
    });
  });

  it.each([undefined, "", "identity", "deflate", "br;q=0, gzip;q=0", "identity;q=1, gzip;q=0.5"])(
    "sends the file itself to %p, and says that others may get another",
    async (encodings) => {
      const [sent, headers] = await answer("/app.js", encodings);
      expect(sent).toBe("/app.js");
      expect(headers).toMatchObject({ Vary: "Accept-Encoding" });
      expect(headers).not.toHaveProperty("Content-Encoding");
    },
  );

  it("takes the next coding where one is not there, for an index file, too", async () => {
    const [sent, headers] = await answer("/sub/", "br, gzip");
    expect(sent).toBe("/sub/index.html.gz");
    expect(headers).toMatchObject({ "Content-Type": "text/html", "Content-Encoding": "gzip" });
  });

  it("refuses one that is a link out of the root", async () => {
    folder.write("root/link.js", "x");
    symlinkSync("../secret.txt", folder.of("root/link.js.br"));
    expect((await answer("/link.js", "br"))[0]).toBe("/link.js");
  });
});

describe("attacks on wrapFile", () => {
  it.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/.%2e/secret.txt",
    "/%252e%252e/secret.txt",
    "/%252e%252e%252fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/%c0%ae%c0%ae/secret.txt",
    "/%c0%ae%c0%ae%c0%afsecret.txt",
    "/%e0%80%ae%e0%80%ae/secret.txt",
    "/%u002e%u002e/secret.txt",
    "/..;/secret.txt",
    "/....//secret.txt",
    "/sub/../../secret.txt",
    "/sub/%2e%2e/%2e%2e/secret.txt",
    "/../root-evil/evil.txt",
    "/%2froot/../secret.txt",
    "//../secret.txt",
    "/./../secret.txt",
    "/etc/passwd",
    "/%2fetc%2fpasswd",
    "//etc/passwd",
    "/file:///etc/passwd",
  ])("path traversal: %s finds nothing", async (uri) => {
    const app = express().use(ring(wrapFile(() => missing, root)));
    await withApp(app, async ({ port, errors }) => {
      const { status, text } = await raw(port, uri);
      expect([status, text]).toEqual([404, "handler"]);
      expect(errors).toEqual([]);
    });
    expect(await wrapped({ allowSymlinks: true })(get(uri))).toBe(missing);
  });

  it.each(["/page.html%00", "/page.html%00.png", "/%00", "/../secret.txt%00.html"])(
    "null bytes: %s is answered 400",
    async (uri) => {
      await withApp(express().use(ring(wrapFile(() => missing, root))), async ({ port, errors }) => {
        expect((await raw(port, uri)).status).toBe(400);
        expect(errors).toEqual([expect.objectContaining({ code: "RING_BAD_PATH", status: 400 })]);
      });
    },
  );

  it("symbolic links out: to a file, to a folder, absolute, through another link, as an index", async () => {
    symlinkSync("../secret.txt", folder.of("root/out.txt"));
    symlinkSync("..", folder.of("root/up"));
    symlinkSync("/etc/hostname", folder.of("root/absolute.txt"));
    symlinkSync("out.txt", folder.of("root/twice.txt"));
    mkdirSync(folder.of("root/indexed"));
    symlinkSync("../../secret.txt", folder.of("root/indexed/index.html"));
    symlinkSync("page.html", folder.of("root/inside.html"));
    const [strict, open] = [wrapped(), wrapped({ allowSymlinks: true })];
    for (const uri of ["/out.txt", "/up/secret.txt", "/absolute.txt", "/twice.txt", "/indexed/", "/indexed"]) {
      expect(await strict(get(uri))).toBe(missing);
      expect(await open(get(uri))).toMatchObject({ status: 200 });
    }
    expect(await strict(get("/inside.html"))).toMatchObject({ status: 200 });
    expect(await open(get("/up/../secret.txt"))).toBe(missing);
  });

  it("a file that becomes a link out after it was looked up", async () => {
    folder.write("root/swapped.txt", "public");
    const app = wrapped();
    const before = await app(get("/swapped.txt"));
    rmSync(folder.of("root/swapped.txt"));
    symlinkSync("../secret.txt", folder.of("root/swapped.txt"));
    expect(await app(get("/swapped.txt"))).toBe(missing);
    const served = express().use(ring(() => before));
    await withApp(served, async ({ port, errors }) => {
      const { status, text } = await raw(port, "/");
      expect([status, text]).toEqual([503, "failed"]);
      expect(errors).toEqual([expect.objectContaining({ code: "RING_FILE_CHANGED" })]);
    });
  });

  it("a folder on the way that becomes a link out after it was looked up", async () => {
    folder.write("root/way/secret.txt", "secreX");
    const app = wrapped();
    const before = (await app(get("/way/secret.txt")))?.body as unknown as { seen: never };
    rmSync(folder.of("root/way"), { recursive: true });
    symlinkSync("..", folder.of("root/way"));
    await expect(readRegion({ seen: before.seen, offset: 0, length: 6, chunkSize: 6 })).rejects.toMatchObject({
      code: "RING_FILE_CHANGED",
      status: 503,
    });
    expect(await app(get("/way/secret.txt"))).toBe(missing);
  });

  it("devices, FIFOs and sockets: not opened, so nobody hangs", async () => {
    execFileSync("mkfifo", [folder.of("root/fifo")]);
    symlinkSync("/dev/zero", folder.of("root/zero"));
    const socket = createServer().listen(folder.of("root/socket"));
    await once(socket, "listening");
    for (const app of [wrapped(), wrapped({ allowSymlinks: true })]) {
      for (const uri of ["/fifo", "/zero", "/socket"]) expect(await app(get(uri))).toBe(missing);
    }
    socket.close();
    expect(await fileResponse(folder.of("root/fifo"))).toBeUndefined();
    expect(await fileResponse("/dev/zero")).toBeUndefined();
  });

  it("a FIFO in place of a file that was looked up: the answer does not wait for a writer", async () => {
    folder.write("root/plain.txt", "plain");
    const response = await wrapped()(get("/plain.txt"));
    rmSync(folder.of("root/plain.txt"));
    execFileSync("mkfifo", [folder.of("root/plain.txt")]);
    await withApp(express().use(ring(() => response)), async ({ port }) => {
      expect((await raw(port, "/")).status).toBe(503);
    });
  });

  it("hidden files: served as in Ring, unless told otherwise", async () => {
    expect(await wrapped()(get("/.env"))).toMatchObject({ status: 200 });
    const app = wrapped({ dotfiles: "ignore" });
    for (const uri of ["/.env", "/%2eenv", "/./.env", "//.env", "/sub/../.env"])
      expect(await app(get(uri))).toBe(missing);
    expect(await app(get("/.well-known/security.txt"))).toMatchObject({ status: 200 });
    expect(await app(get("/./page.html"))).toMatchObject({ status: 200 });
  });

  it("names longer than any file's, links in a circle, a file as a folder", async () => {
    symlinkSync("circle", folder.of("root/circle"));
    const uris = [`/${"a".repeat(300)}`, `/${"a/".repeat(4000)}`, "/circle", "/page.html/x", `/${"/".repeat(50_000)}x`];
    for (const uri of uris) expect(await wrapped()(get(uri))).toBe(missing);
  });

  it("a flood of spellings of one path: each is forgotten again, and all are answered", async () => {
    const app = wrapped();
    for (let count = 0; count < 4200; count++) {
      const response = await app(get(`/${"./".repeat(count % 1000)}${"/".repeat(count / 1000)}page.html`));
      if (response?.status !== 200) throw new Error(`not found at ${count}`);
    }
    expect(await app(get("/page.html"))).toMatchObject({ status: 200 });
  });

  it("descriptors: none is left open by 304, HEAD, an answer in place of the file, or a client that goes away", async () => {
    const inner = wrapFile(() => missing, root);
    const handler: Handler = async (request) => {
      const response = await inner(request);
      return request.uri.startsWith("/sub") ? { status: 403, body: "no" } : response;
    };
    const stack = pipe(handler, wrapContentType, wrapNotModified, wrapHead, wrapRanges, wrapCompression);
    await withApp(express().use(ring(stack)), async ({ url }) => {
      await fetch(`${url}/large.bin`, { method: "HEAD" });
      const first = await fetch(`${url}/large.bin`, {
        headers: { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" },
      });
      expect(first.status).toBe(304);
      expect((await fetch(`${url}/sub/`)).status).toBe(403);
      const controller = new AbortController();
      const begun = await fetch(`${url}/large.bin`, { signal: controller.signal });
      expect(begun.status).toBe(200);
      controller.abort();
      await begun.text().catch(() => {});
      expect(await (await fetch(`${url}/large.bin`)).text()).toHaveLength(300_000);
      await (await fetch(`${url}/page.html`)).text();
      for (const headers of [{ range: "bytes=0-99999,200000-" }, { "accept-encoding": "gzip" }]) {
        const leaving = new AbortController();
        const parts = await fetch(`${url}/large.txt`, { headers, signal: leaving.signal });
        expect([200, 206]).toContain(parts.status);
        leaving.abort();
        await parts.text().catch(() => {});
        expect((await (await fetch(`${url}/large.txt`, { headers })).arrayBuffer()).byteLength).toBeGreaterThan(0);
      }
    });
    for (let wait = 0; openFiles().length > 0 && wait < 200; wait++) await new Promise(setImmediate);
    expect(openFiles()).toEqual([]);
  });
});

describe("fileRequest", () => {
  it("answers with headers only for HEAD", async () => {
    expect(await fileRequest(get("/page.html", { requestMethod: "head" }), root)).toMatchObject({
      status: 200,
      headers: { "Content-Length": "11" },
      body: null,
    });
  });

  it("serves the same file under a second name", async () => {
    linkSync(folder.of("root/page.html"), folder.of("root/twin.html"));
    writeFileSync(folder.of("root/twin.html"), "<p>page</p>");
    expect(await fileRequest(get("/twin.html"), root)).toMatchObject({ status: 200 });
  });
});
