/** What the comments of a snippet claim, made into code that asserts it. */
import ts from "typescript";
import { at, type Snippet, textOf } from "./snippet.js";

/** What a comment says about the statement before it. */
export interface Claim {
  /** `// => 1`: its value. `// prints 1`: what was printed since the claim before. `// throws RING_X`: the code of its error. */
  readonly kind: "=>" | "prints" | "throws";
  readonly text: string;
  /** Where it stands in the snippet's text. */
  readonly position: number;
  /** The line, from 0, that it stands on. */
  readonly line: number;
}

/** The functions that the code calls; each gets the line of the claim first. */
export const ASSERTIONS = { "=>": "$is", prints: "$prints", throws: "$throws" } as const;

const CLAIM = /^\/\/ (=>|prints|throws) (.*)$/;

const parse = (text: string): ts.SourceFile =>
  ts.createSourceFile("snippet.ts", text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);

/** What keeps a text from being TypeScript. */
export function parseErrors(text: string): readonly unknown[] {
  return (parse(text) as unknown as { readonly parseDiagnostics: readonly unknown[] }).parseDiagnostics;
}

export function claimsIn(text: string): Claim[] {
  return commentsIn(text).flatMap((position) => {
    const [line = ""] = text.slice(position).split("\n", 1);
    const [, kind, said] = CLAIM.exec(line.trimEnd()) ?? [];
    if (kind === undefined || said === undefined) return [];
    return { kind: kind as Claim["kind"], text: said, position, line: text.slice(0, position).split("\n").length - 1 };
  });
}

/** Where comments up to the end of a line begin: between the tokens of the parsed text, as a scanner alone loses its way in templates. */
function commentsIn(text: string): number[] {
  const source = parse(text);
  const found = new Set<number>();
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source);
    children.forEach(visit);
    if (children.length > 0) return;
    const before = [ts.getTrailingCommentRanges(text, node.pos), ts.getLeadingCommentRanges(text, node.pos)];
    for (const { kind, pos } of before.flatMap((ranges) => ranges ?? [])) {
      if (kind === ts.SyntaxKind.SingleLineCommentTrivia) found.add(pos);
    }
  };
  visit(source);
  return [...found];
}

interface Insertion {
  readonly position: number;
  readonly code: string;
}

/** The text of a snippet with its claims as code, on the same lines. */
export function withClaims(snippet: Snippet): string {
  const text = textOf(snippet);
  const source = parse(text);
  const insertions = claimsIn(text).flatMap((claim) => at(snippet, claim.line, () => assertion(claim, source)));
  // From the last to the first, so that the positions of those to come still hold.
  return insertions
    .sort((a, b) => b.position - a.position)
    .reduce(
      (code, insertion) => code.slice(0, insertion.position) + insertion.code + code.slice(insertion.position),
      text,
    );
}

function assertion({ kind, text, position, line }: Claim, source: ts.SourceFile): Insertion[] {
  if (kind === "=>" && parseErrors(`(${text});`).length > 0)
    throw new Error(`"// => ${text}" is not followed by a value; use words without "=>"`);
  const statement = statementBefore(position, source);
  const call = `${ASSERTIONS[kind]}(${line}, `;
  if (kind === "prints") return [{ position: statement.end, code: `; ${call}${JSON.stringify(text)});` }];
  if (ts.isExpressionStatement(statement)) {
    const { expression } = statement;
    const [before, after] =
      kind === "=>" ? [`${call}(`, `), (${text}))`] : [`await ${call}async () => (`, `), ${JSON.stringify(text)})`];
    return [
      { position: expression.getStart(source), code: before },
      { position: expression.end, code: after },
    ];
  }
  const [declaration] = kind === "=>" ? statement.declarationList.declarations : [];
  if (declaration === undefined || !ts.isIdentifier(declaration.name))
    throw new Error(`"// ${kind} ${text}" does not follow an expression or the declaration of a name`);
  return [{ position: statement.end, code: `; ${call}${declaration.name.text}, (${text}));` }];
}

/** The innermost statement that ends right before a comment. */
function statementBefore(position: number, source: ts.SourceFile): ts.ExpressionStatement | ts.VariableStatement {
  let found: ts.ExpressionStatement | ts.VariableStatement | undefined;
  const visit = (node: ts.Node): void => {
    const isRightBefore = node.end <= position && source.text.slice(node.end, position).trim() === "";
    if (isRightBefore && (ts.isExpressionStatement(node) || ts.isVariableStatement(node))) found = node;
    ts.forEachChild(node, visit);
  };
  visit(source);
  if (found === undefined) throw new Error("this claim follows no statement");
  return found;
}
