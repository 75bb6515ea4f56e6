/**
 * The examples in the docstrings of the published sources.
 *
 * An example may use, without an import, what its own file exports, what its own part exports, what the other entry points
 * export (streams before deferreds: both have `connect` and `zip`), and the names in names.ts, which stand for a reader's own
 * code (`handler`, `loadUser`); in this order. The HTTP client's come last: they go as `http.get`.
 */
import ts from "typescript";
import { readProjectFile } from "../sources.js";
import type { Snippet } from "./snippet.js";

/** Where a name comes from, by the names it has. */
export interface Origin {
  readonly path: string;
  readonly names: ReadonlySet<string>;
}

export function examplesOf(path: string, origins: readonly Origin[]): Snippet[] {
  return textsOf(path).map((main) => {
    const imports = importsFor(main.text, path, origins);
    return { file: path, main, parts: [{ text: imports, line: main.line }, main] };
  });
}

function textsOf(path: string): { text: string; line: number }[] {
  const lines = readProjectFile(path).split("\n");
  return lines.flatMap((line, at) => {
    if (!/^\s*\* @example$/.test(line)) return [];
    const end = lines.findIndex((line, other) => other > at && /^\s*\*( @|\/)/.test(line));
    const text = lines.slice(at + 1, end).map((line) => line.replace(/^\s*\* ?/, ""));
    return [{ text: text.join("\n"), line: at + 2 }];
  });
}

/** One import for each name that the text uses and does not declare. */
function importsFor(text: string, path: string, origins: readonly Origin[]): string {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const rank = (origin: Origin): number => (origin.path === path ? 0 : origin.path.startsWith(folder) ? 1 : 2);
  const sorted = [...origins].sort((a, b) => rank(a) - rank(b));
  const up = "../".repeat(path.split("/").length - 1);
  const imports = [...freeNamesOf(text)].flatMap((name) => {
    const origin = sorted.find(({ names }) => names.has(name));
    return origin === undefined ? [] : [`import { ${name} } from "${up}${origin.path.replace(/\.ts$/, ".js")}";`];
  });
  return imports.join(" ");
}

function freeNamesOf(text: string): Set<string> {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isDeclared =
        (ts.isVariableDeclaration(parent) ||
          ts.isBindingElement(parent) ||
          ts.isFunctionDeclaration(parent) ||
          ts.isImportSpecifier(parent) ||
          ts.isImportClause(parent) ||
          ts.isNamespaceImport(parent)) &&
        parent.name === node;
      if (isDeclared) declared.add(node.text);
      const isMember =
        (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) && parent.name === node;
      if (!isMember) used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("example.ts", text, ts.ScriptTarget.ES2023, true));
  return new Set([...used].filter((name) => !declared.has(name)));
}
