/** The codes of errors: those that the sources have, and those that the page about them lists. */
import ts from "typescript";

/** A code as the page lists it; several classes may share one. */
export interface ErrorCode {
  readonly code: string;
  /** The class of the errors that have it. */
  readonly errorClass: string;
  /** "400", "—" for none, or "varies". */
  readonly status: string;
}

const NONE = "—";
const VARIES = "varies";

/** Everything in a text, comments too, that reads as a code. */
export function codesIn(text: string): string[] {
  return Array.from(text.matchAll(/\bRING_[A-Z](?:[A-Z_]*[A-Z])?\b/g), ([code]) => code);
}

/** The rows of a page's tables: code, class, status, and then what is to be read. */
export function listedErrors(markdown: string): ErrorCode[] {
  const rows = markdown.matchAll(/^\| `(RING_[A-Z_]+)` \| `(\w+)` \| ([^|]*) \|/gm);
  return Array.from(rows, ([, code = "", errorClass = "", status = ""]) => {
    const isPlain = status === NONE || /^\d{3}$/.test(status);
    return { code, errorClass, status: isPlain ? status : VARIES };
  });
}

/** Where a source makes errors: what its classes tell theirs, and what it makes of classes whose errors have any code. */
export function madeErrors(path: string, text: string): ErrorCode[] {
  const found: ErrorCode[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword) {
      for (const code of codesOf(node.arguments)) {
        found.push({ code, errorClass: classAround(node), status: statusOf(node.arguments) });
      }
    } else if (ts.isNewExpression(node) && ts.isIdentifier(node.expression)) {
      const { arguments: given = [] } = node;
      for (const code of codesOf(given)) {
        found.push({ code, errorClass: node.expression.text, status: statusOf(given) });
      }
    } else if (ts.isParameter(node) && node.initializer !== undefined && ts.isClassElement(node.parent)) {
      for (const code of codesOf([node.initializer])) found.push({ code, errorClass: classAround(node), status: NONE });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true));
  return found;
}

function codesOf(nodes: readonly ts.Node[]): string[] {
  return nodes.flatMap((node) => (ts.isStringLiteral(node) ? codesIn(node.text) : []));
}

function classAround(node: ts.Node): string {
  const around = ts.findAncestor(node, ts.isClassDeclaration);
  return around?.name?.text ?? "a class without a name";
}

/** The status among the options that an error is made with. */
function statusOf(nodes: readonly ts.Node[]): string {
  const options = nodes.find(ts.isObjectLiteralExpression);
  const status = options?.properties.find((property) => property.name?.getText() === "status");
  if (status === undefined) return NONE;
  return ts.isPropertyAssignment(status) && ts.isNumericLiteral(status.initializer) ? status.initializer.text : VARIES;
}
