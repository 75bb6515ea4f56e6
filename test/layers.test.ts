import { posix } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { importsOf, readProjectFile, sourceFiles } from "./sources.js";

/** The parts of src, top to bottom. A part imports from itself and from lower rows; parts of one row do not know each other. */
const rows: readonly (readonly string[])[] = [
  ["index"],
  ["express", "sse", "fetch", "opentelemetry"],
  ["http"],
  ["websocket", "rooms"],
  ["message", "bus", "mock", "ndjson"],
  ["inspector"],
  ["forms"],
  ["multipart", "ring"],
  ["devel"],
  ["byte-streams"],
  ["stream"],
  ["time"],
  ["deferred"],
  ["clock", "transducers"],
  ["errors"],
];

/** Middleware sees maps, never a server or Express: it imports from this part's row down, and other middleware. */
const highestForMiddleware = "inspector";

const rowOf = (part: string) => rows.findIndex((row) => row.includes(part));

/** "src/ring/request.ts" belongs to ring, "src/time.ts" to time, all of middleware/ to middleware. */
function partOf(path: string): string {
  const [top, name] = path.split("/");
  return top === "src" && name !== undefined ? name.replace(/\.[jt]s$/, "") : (top ?? "");
}

function allowedFor(part: string): readonly string[] {
  if (part === "middleware") return rows.slice(rowOf(highestForMiddleware)).flat();
  return rows.slice(rowOf(part) + 1).flat();
}

/** What is wrong with a source's imports, a sentence for each. */
function breaches(path: string, text: string): string[] {
  const part = partOf(path);
  if (part !== "middleware" && rowOf(part) === -1) {
    return [`${path} is in no row: give ${part} its place in test/layers.test.ts`];
  }
  return importsOf(text).flatMap((specifier) => {
    if (/^express-ring(\/|$)/.test(specifier)) {
      return [`${path} imports ${specifier}: inside the kit, import the file, not the package`];
    }
    if (!specifier.startsWith(".")) return [];
    const target = posix.join(posix.dirname(path), specifier);
    const targetPart = partOf(target);
    if (targetPart === part || allowedFor(part).includes(targetPart)) return [];
    return [
      `${path} imports ${target}: ${part} may import ${allowedFor(part).join(", ") || "nothing"}, not ${targetPart}`,
    ];
  });
}

const sources = ["src", "middleware"].flatMap(sourceFiles);

describe("the layers", () => {
  it("are kept by every import of src and middleware", () => {
    expect(sources.flatMap((path) => breaches(path, readProjectFile(path)))).toEqual([]);
  });

  it("are read from the real sources", () => {
    expect(sources).toContain("src/deferred/timeout.ts");
    expect(importsOf(readProjectFile("src/deferred/timeout.ts"))).toContain("../clock/index.js");
  });
});

describe("a breach", () => {
  it("is told in a sentence that names both sides and what would be allowed", () => {
    expect(breaches("src/time/index.ts", `import { map } from "../stream/index.js";`)).toEqual([
      "src/time/index.ts imports src/stream/index.js: time may import deferred, clock, transducers, errors, not stream",
    ]);
  });

  it.each([
    ["a higher row", "src/ring/request.ts", `import { read } from "../message/read.js";`],
    ["the same row", "src/ring/request.ts", `import { parse } from "../multipart/index.js";`],
    ["a type only", "src/errors/index.ts", `import type { Clock } from "../clock/index.js";`],
    ["a type in place", "src/clock/clock.ts", `let d: import("../deferred/index.js").Deferred<1>;`],
    ["an export from", "src/stream/index.ts", `export * from "../ring/types.js";`],
    ["a dynamic import", "src/time/index.ts", `const s = await import("../stream/index.js");`],
    ["a part that is one file", "src/deferred/zip.ts", `import { every } from "../time.js";`],
    ["middleware, from src", "src/index.ts", `export { wrapParams } from "../middleware/params.js";`],
    ["message, from middleware", "middleware/head.ts", `import { write } from "../src/message/write.js";`],
    ["something outside", "src/ring/request.ts", `import { root } from "../../test/sources.js";`],
  ])("is %s", (_what, path, text) => {
    expect(breaches(path, text)).toHaveLength(1);
  });

  it("is an import of the package by its own name", () => {
    expect(breaches("middleware/params.ts", `import { ring } from "express-ring";`)).toEqual([
      "middleware/params.ts imports express-ring: inside the kit, import the file, not the package",
    ]);
  });

  it("is a folder that nobody gave a row", () => {
    expect(breaches("src/utilities/index.ts", "")).toEqual([
      "src/utilities/index.ts is in no row: give utilities its place in test/layers.test.ts",
    ]);
  });
});

describe("no breach", () => {
  it.each([
    ["the part itself", "src/ring/request.ts", `import type { RingRequest } from "./types.js";`],
    ["any lower row", "src/express/ring.ts", `import { RingError } from "../errors/index.js";`],
    ["packages", "src/websocket/connection.ts", `import { WebSocket } from "ws";\nimport "node:net";`],
    [
      "ring and multipart, from middleware",
      "middleware/multipart-params.ts",
      `import { a } from "../src/ring/index.js";\nimport { b } from "../src/multipart/index.js";`,
    ],
    ["other middleware", "middleware/session/cookie.ts", `import { wrapCookies } from "../cookies.js";`],
    ["an example in a comment", "src/ring/seq.ts", `/** @example\n * import { ring } from "express-ring";\n */`],
  ])("is %s", (_what, path, text) => {
    expect(breaches(path, text)).toEqual([]);
  });
});
