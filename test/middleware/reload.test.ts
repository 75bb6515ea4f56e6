import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { wrapReload } from "../../middleware/reload.js";
import { Program } from "../checkout.js";
import { root } from "../sources.js";
import { request } from "./helpers.js";

let folder: string;
let server: Program | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reload-"));
  mkdirSync(join(folder, "src"));
  write("package.json", '{ "type": "module" }');
});

afterEach(async () => {
  await server?.terminate();
  server = undefined;
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** A program of its own, since it changes how Node loads modules: an Express app with the handler of src/handler.js. */
async function serve(options = "{}", environment: NodeJS.ProcessEnv = {}): Promise<() => Promise<string>> {
  write(
    "server.js",
    `import express from "${root}node_modules/express/index.js";
     import { ring } from "${root}src/express/index.ts";
     import { wrapReload } from "${root}middleware/reload.ts";
     const app = express();
     app.use(ring(wrapReload(() => import("./src/handler.js"), { dirs: ["src"], ...${options} })));
     app.use((error, req, res, next) => res.status(500).send(error.code + " " + error.message));
     const server = app.listen(0, "127.0.0.1", () => console.log("http://127.0.0.1:" + server.address().port + "/ "));`,
  );
  server = new Program(
    spawn(process.execPath, ["--import", `${root}test/typescript-hooks.mjs`, "server.js"], {
      cwd: folder,
      env: { ...process.env, NODE_ENV: "development", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    }),
  );
  const url = await server.url();
  return async () => (await fetch(url)).text();
}

describe("wrapReload, in a program whose files are edited", () => {
  it("loads what has changed, and who imports it; the others keep their state", async () => {
    write("src/state.js", "export const state = { asked: 0 };");
    write("src/text.js", 'export const text = "one";');
    write("src/page.js", 'import { text } from "./text.js"; export const page = () => text;');
    write(
      "src/handler.js",
      `import { page } from "./page.js"; import { state } from "./state.js";
       export default () => ({ status: 200, body: page() + " " + ++state.asked });`,
    );
    const ask = await serve();
    expect(await ask()).toBe("one 1");
    expect(await ask()).toBe("one 2");
    write("src/text.js", 'export const text = "two";');
    expect(await ask()).toBe("two 3");
    write("src/page.js", 'import { text } from "./text.js"; export const page = () => text + "!";');
    expect(await ask()).toBe("two! 4");
    write("src/state.js", "export const state = { asked: 100 };");
    expect(await ask()).toBe("two! 101");
    expect(await ask()).toBe("two! 102");
  });

  it("follows imports that are added, in modules that are new", async () => {
    write("src/handler.js", 'export default () => ({ status: 200, body: "alone" });');
    const ask = await serve();
    expect(await ask()).toBe("alone");
    write("src/new.js", 'export const text = "new";');
    write("src/handler.js", 'import { text } from "./new.js"; export default () => ({ status: 200, body: text });');
    expect(await ask()).toBe("new");
    write("src/new.js", 'export const text = "newer";');
    expect(await ask()).toBe("newer");
  });

  it("reports a module that cannot be loaded, at each request until it can", async () => {
    write("src/text.js", 'export const text = "fine";');
    write("src/handler.js", 'import { text } from "./text.js"; export default () => ({ status: 200, body: text });');
    const ask = await serve();
    expect(await ask()).toBe("fine");
    write("src/text.js", "export const text = ;");
    const report = "RING_RELOAD the handler cannot be loaded since src/text.js changed: Unexpected token ';'";
    expect([await ask(), await ask()]).toEqual([report, report]);
    write("src/text.js", 'export const text = "mended";');
    expect(await ask()).toBe("mended");
  });

  it("tries again although nothing has changed that it knows of", async () => {
    write("src/handler.js", 'import { text } from "./later.js"; export default () => ({ status: 200, body: text });');
    const ask = await serve();
    expect(await ask()).toContain("RING_RELOAD the handler cannot be loaded: Cannot find module");
    write("src/later.js", 'export const text = "here";');
    expect(await ask()).toBe("here");
  });

  it("goes on with what it has, without reloadCompileErrors, until the file changes again", async () => {
    write("src/handler.js", 'export default () => ({ status: 200, body: "old" });');
    const ask = await serve("{ reloadCompileErrors: false }");
    expect(await ask()).toBe("old");
    write("src/handler.js", 'throw new Error("at the top");');
    expect(await ask()).toContain("at the top");
    expect(await ask()).toBe("old");
    write("src/handler.js", 'export default () => ({ status: 200, body: "new" });');
    expect(await ask()).toBe("new");
  });

  it("loads once for requests that come together, and lets all of them wait for what is new", async () => {
    // Time enough for all three to come in.
    const slow = "await new Promise((resolve) => setTimeout(resolve, 200));";
    const handler = "export default () => ({ status: 200, body: String(globalThis.loads) });";
    write("src/handler.js", `${slow} globalThis.loads = (globalThis.loads ?? 0) + 1; ${handler}`);
    const ask = await serve();
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["1", "1", "1"]);
    write("src/handler.js", `${slow} globalThis.loads += 1; ${handler}`);
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(["2", "2", "2"]);
  });

  it("loads CommonJS modules once, as it says", async () => {
    write("src/text.cjs", 'exports.text = "one";');
    write("src/handler.js", 'import { text } from "./text.cjs"; export default () => ({ status: 200, body: text });');
    const ask = await serve();
    expect(await ask()).toBe("one");
    write("src/text.cjs", 'exports.text = "two";');
    expect(await ask()).toBe("one");
  });

  it("does nothing in production", async () => {
    write("src/handler.js", 'export default () => ({ status: 200, body: "old" });');
    const ask = await serve("{}", { NODE_ENV: "production" });
    expect(await ask()).toBe("old");
    write("src/handler.js", 'export default () => ({ status: 200, body: "new" });');
    expect(await ask()).toBe("old");
  });

  it("says so when nothing comes from the folders", async () => {
    mkdirSync(join(folder, "elsewhere"));
    write("src/handler.js", 'export default () => ({ status: 200, body: "a" });');
    const ask = await serve('{ dirs: ["elsewhere"] }');
    expect(await ask()).toMatch(/^RING_INVALID_ARGUMENT wrapReload: nothing was loaded from .*elsewhere/);
  });

  it("says so when there is no handler", async () => {
    write("src/handler.js", "export const handler = 1;");
    expect(await (await serve())()).toContain("the module has undefined as its default export");
  });
});

describe("wrapReload", () => {
  it("refuses a folder that is not there, in place", () => {
    expect(() => wrapReload(() => () => null, { dirs: ["no-such-folder"] })).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining("no-such-folder") }),
    );
  });

  it("calls a handler that was loaded once as if there were no middleware", async () => {
    const load = jest.fn(async () => ({ default: () => ({ status: 200 }) }));
    const app = wrapReload(load, { reload: false });
    expect(await app(request())).toEqual({ status: 200 });
    expect(app(request())).toEqual({ status: 200 });
    expect(load).toHaveBeenCalledTimes(1);
  });
});
