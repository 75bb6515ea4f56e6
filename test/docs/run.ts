/** Runs programs of documents and holds them to what they claim. */
import { once } from "node:events";
import { Server } from "node:net";
import { format } from "node:util";
import { expect } from "@jest/globals";
import ts from "typescript";
import { root } from "../sources.js";
import { ASSERTIONS, claimsIn, withClaims } from "./claims.js";
import { at, located, placeOf, type Snippet, textOf } from "./snippet.js";

const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...args: unknown[]) => Promise<void>;

/** Runs a snippet and asserts its claims; servers that it starts get a free port and are closed in the end. */
export async function run(snippet: Snippet): Promise<void> {
  const { outputText } = ts.transpileModule(withClaims(snippet), {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.CommonJS, isolatedModules: true },
  });
  const servers = watchServers();
  try {
    const modules = await importAll(snippet, outputText);
    const { scope, unreached } = scopeOf(snippet, modules);
    await new AsyncFunction(...Object.keys(scope), outputText)(...Object.values(scope));
    for (const line of unreached) at(snippet, line, () => expect("the claim").toBe("reached"));
  } catch (error) {
    throw located(error, placeOf(snippet));
  } finally {
    await servers.close();
  }
}

/** The names that a running snippet has, and the lines of the claims that it has not come to. */
function scopeOf(snippet: Snippet, modules: ReadonlyMap<string, unknown>) {
  const unreached = new Set(claimsIn(textOf(snippet)).map(({ line }) => line));
  const assert = (line: number, check: () => void): void => {
    unreached.delete(line);
    at(snippet, line, check);
  };
  const printed: string[] = [];
  const print = (...values: unknown[]): void => void printed.push(format(...values));
  const scope = {
    require: (name: string) => modules.get(name),
    exports: {},
    console: { log: print, info: print, warn: print, error: print },
    [ASSERTIONS["=>"]]: (line: number, actual: unknown, claimed: unknown) =>
      assert(line, () => {
        if (typeof (actual as { then?: unknown } | null | undefined)?.then === "function")
          throw new Error("is claimed to have a value, but has to be awaited first");
        expect(actual).toEqual(claimed);
      }),
    [ASSERTIONS.prints]: (line: number, claimed: string) =>
      assert(line, () => expect(printed.splice(0).join(", ")).toBe(claimed)),
    [ASSERTIONS.throws]: async (line: number, body: () => Promise<unknown>, code: string) => {
      const error: unknown = await body().then(
        () => "nothing",
        (error: unknown) => error,
      );
      assert(line, () => expect(error).toHaveProperty("code", code));
    },
  };
  return { scope, unreached };
}

/** Imports what the code asks for: packages by their names, files as seen from the document. */
async function importAll({ file }: Snippet, code: string): Promise<Map<string, unknown>> {
  const names = new Set([...code.matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => name as string));
  const folder = new URL(file, `file://${root}`);
  const targetOf = (name: string): string =>
    name.startsWith(".") ? new URL(name, folder).pathname.replace(/\.js$/, ".ts") : name;
  const modules = new Map<string, unknown>();
  // One after the other: jest's loader loses its way in imports that overlap.
  for (const name of names) {
    // The mark of a compiled ES module: without it TypeScript's code would make a default export of the whole.
    modules.set(name, { __esModule: true, ...((await import(targetOf(name))) as object) });
  }
  return modules;
}

/** While a snippet runs, whatever port it wants it gets a free one, on this machine only; its servers are closed by force. */
function watchServers(): { close(): Promise<void> } {
  const servers = new Map<Server, Promise<unknown>>();
  // oxlint-disable-next-line typescript/unbound-method -- it is put back as it was
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    servers.set(this, once(this, "listening"));
    const callback = args.find((arg) => typeof arg === "function") as (() => void) | undefined;
    return listen.call(this, { port: 0, host: "127.0.0.1" }, callback);
  } as typeof listen;
  return {
    async close() {
      Server.prototype.listen = listen;
      await Promise.all(Array.from(servers, ([server, listening]) => closeServer(server, listening)));
    },
  };
}

async function closeServer(server: Server, listening: Promise<unknown>): Promise<void> {
  // A snippet may be through before its server listens.
  await listening;
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  (server as Partial<{ closeAllConnections(): void }>).closeAllConnections?.();
  await closed;
}
