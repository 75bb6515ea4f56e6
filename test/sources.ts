/** Reads the project's own files, for the tests that hold its rules. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The folder of package.json, with a "/" at its end. */
export const root: string = fileURLToPath(new URL("..", import.meta.url));

export function readProjectFile(path: string): string {
  return readFileSync(`${root}${path}`, "utf8");
}

/** The TypeScript files below a folder, as paths from the root. */
export function sourceFiles(folder: string): string[] {
  return filesBelow(folder, () => true).filter((path) => path.endsWith(".ts"));
}

/** All files below a folder (`""` is the root), as paths from the root, without the folders that `enters` refuses. */
export function filesBelow(folder: string, enters: (folder: string) => boolean): string[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  return readdirSync(`${root}${folder}`, { withFileTypes: true }).flatMap((entry) => {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) return enters(path) ? filesBelow(path, enters) : [];
    return entry.isFile() ? [path] : [];
  });
}

/** What a source imports or exports from, types included, as it is spelt: `["../errors/index.js", "ws"]`. */
export function importsOf(text: string): string[] {
  return ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName);
}
