/**
 * Lets a Node process of its own run the project's TypeScript, without a build: `node --import ./test/typescript-hooks.mjs`.
 */
import { existsSync, readFileSync } from "node:fs";
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { transformSync } from "@swc/core";

// Node 20 has hooks in a thread of their own only, where it loads this file once more; Node 26 warns of those.
if (nodeModule.registerHooks !== undefined) nodeModule.registerHooks({ resolve, load });
else if (isMainThread) nodeModule.register(import.meta.url);

/** Sources import each other by the names that they have once they are built. */
export function resolve(specifier, context, next) {
  if (!/^\.{1,2}\/.*\.js$/.test(specifier)) return next(specifier, context);
  const source = specifier.replace(/\.js$/, ".ts");
  return next(existsSync(new URL(source, context.parentURL)) ? source : specifier, context);
}

export function load(url, context, next) {
  if (!url.endsWith(".ts")) return next(url, context);
  const path = fileURLToPath(url);
  const { code } = transformSync(readFileSync(path, "utf8"), {
    filename: path,
    jsc: { parser: { syntax: "typescript" }, target: "es2023" },
    module: { type: "es6" },
    sourceMaps: "inline",
  });
  return { format: "module", shortCircuit: true, source: code };
}
