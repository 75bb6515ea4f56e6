import { builtinModules } from "node:module";
import { describe, expect, it } from "@jest/globals";
import { filesBelow, importsOf, readProjectFile, root, sourceFiles } from "./sources.js";

interface Manifest {
  readonly version: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readProjectFile("package.json")) as Manifest;
const published = ["src", "middleware"].flatMap(sourceFiles);
/** Everything that belongs to the project: not what git, editors, installing, building and measuring leave behind. */
const projectFiles = filesBelow(
  "",
  (folder) => folder === ".ci" || !/^(\..+|node_modules|dist|coverage|docs\/api|bench\/results)$/.test(folder),
).filter((path) => path !== ".git");

/** The entry points with the sources behind them; `./middleware/*` stands for one entry point for each file. */
const entryPoints = Object.entries(manifest.exports).flatMap(([name, target]) => {
  if (typeof target === "string") return [];
  const source = target.default.replace("./dist/", "").replace(/\.js$/, ".ts");
  if (!name.endsWith("/*")) return [{ name, target, source }];
  const [before = "", after = ""] = source.split("*");
  return published
    .filter((path) => path.startsWith(before) && path.endsWith(after))
    .map((path) => ({ name: name.replace("*", path.slice(before.length, -after.length)), target, source: path }));
});

describe("package.json", () => {
  it.each(entryPoints)("exports $name from a source that exports something", async ({ source }) => {
    expect(published).toContain(source);
    const values = Object.keys(await import(`${root}${source}`));
    const types = readProjectFile(source).match(/^export (?:interface|type) /gm) ?? [];
    expect([...values, ...types]).not.toEqual([]);
  });

  it("exports at least the package itself", () => {
    expect(entryPoints.map(({ name }) => name)).toContain(".");
  });

  it.each(entryPoints)("names types beside the code of $name", ({ target }) => {
    expect(target.types).toBe(target.default.replace(/\.js$/, ".d.ts"));
  });

  it("lets tools read it", () => {
    expect(manifest.exports["./package.json"]).toBe("./package.json");
  });

  it.each(manifest.files)("publishes %s, which exists", (entry) => {
    const source = entry.replace(/^dist\//, "");
    expect(projectFiles.some((path) => path === source || path.startsWith(`${source}/`))).toBe(true);
  });

  it("lists every package that the published sources import", () => {
    const allowed = new Set([
      ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
      ...builtinModules.map((name) => `node:${name}`),
    ]);
    const strangers = published.flatMap((path) =>
      importsOf(readProjectFile(path))
        .filter((specifier) => !specifier.startsWith("."))
        .filter((specifier) => !allowed.has(specifier))
        .map((specifier) => `${path} imports ${specifier}`),
    );
    expect(strangers).toEqual([]);
  });

  it("has the version that the changelog begins with, and the lock file", () => {
    const [, newest] = /^## (\S+)/m.exec(readProjectFile("CHANGELOG.md")) ?? [];
    expect(newest).toBe(manifest.version);
    expect(JSON.parse(readProjectFile("package-lock.json"))).toMatchObject({ version: manifest.version });
  });
});

describe("package-lock.json", () => {
  const { packages } = JSON.parse(readProjectFile("package-lock.json")) as {
    readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
  };
  const names = Object.keys(packages);

  it("has the binaries of every platform, as `npm ci` wants it on each of them", () => {
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !names.some((path) => path.endsWith(`node_modules/${name}`)));
    // Where this fails, `node scripts/complete-lock.js` adds them.
    expect(missing).toEqual([]);
  });

  it("is tested with packages that have such binaries", () => {
    expect(names).toContain("node_modules/@swc/core-win32-x64-msvc");
  });
});

describe("the published sources", () => {
  it("hold no placeholders", () => {
    const placeholder = /\bnot (yet )?implemented\b|\b(TODO|FIXME|XXX)\b/;
    expect(published.filter((path) => placeholder.test(readProjectFile(path)))).toEqual([]);
  });
});

describe("the project's files", () => {
  it("name no place on the machine they were written on", () => {
    const place = /(?<![\w.~}-])\/(work|root)\//;
    expect(projectFiles.filter((path) => place.test(readProjectFile(path)))).toEqual([]);
  });
});
