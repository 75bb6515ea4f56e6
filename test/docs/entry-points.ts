/** What the package offers, read from package.json. */
import { readProjectFile, sourceFiles } from "../sources.js";

/** The sources that are published. */
export const published: readonly string[] = ["src", "middleware"].flatMap(sourceFiles);

export interface EntryPoint {
  /** As it is imported: "express-ring/stream". */
  readonly name: string;
  readonly source: string;
}

const manifest = JSON.parse(readProjectFile("package.json")) as {
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
};

/**
 * The entry points, those that stand for a folder as one for each of its files; not those that only gather such files
 * (`express-ring/middleware`).
 */
export const entryPoints: readonly EntryPoint[] = Object.entries(manifest.exports).flatMap(([path, target]) => {
  if (typeof target === "string" || manifest.exports[`${path}/*`] !== undefined) return [];
  const name = path.replace(".", "express-ring");
  const source = target.default.replace("./dist/", "").replace(/\.js$/, ".ts");
  if (!path.endsWith("/*")) return [{ name, source }];
  const [before = "", after = ""] = source.split("*");
  return published
    .filter((file) => file.startsWith(before) && file.endsWith(after) && file !== `${before}index${after}`)
    .map((file) => ({ name: name.replace("*", file.slice(before.length, -after.length)), source: file }));
});
