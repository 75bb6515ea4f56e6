/** What each entry point of the package loads, by the imports that are left once its sources are compiled. */
import { posix } from "node:path";
import ts from "typescript";
import { importsOf, readProjectFile } from "./sources.js";

const compiled = new Map<string, readonly string[]>();

/** What a source imports when it runs: types are gone, and the braces around them are not. */
function importsWhenRun(path: string): readonly string[] {
  let imports = compiled.get(path);
  if (imports === undefined) {
    const { outputText } = ts.transpileModule(readProjectFile(path), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    imports = importsOf(outputText);
    compiled.set(path, imports);
  }
  return imports;
}

/** The packages and modules of Node that loading a source loads, directly and through other sources, in order. */
export function loadedBy(source: string): readonly string[] {
  const seen = new Set([source]);
  const loaded = new Set<string>();
  for (const path of seen) {
    for (const specifier of importsWhenRun(path)) {
      if (!specifier.startsWith(".")) loaded.add(specifier);
      else seen.add(posix.join(posix.dirname(path), specifier).replace(/\.js$/, ".ts"));
    }
  }
  return [...loaded].sort();
}
