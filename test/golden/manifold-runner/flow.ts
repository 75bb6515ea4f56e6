/** `letFlow` of the programs: each expression's names become its list of needs. */
import { chain, type Deferred, type Flow, flow, flowPrime } from "../../../src/deferred/index.js";
import { fn, fn2, parseSpec } from "./library.js";
import { number } from "./values.js";
import type { World } from "./world.js";

type Scope = Readonly<Record<string, unknown>>;
export type Binding = readonly [name: string, expression: string];

interface Expression {
  /** The variables it mentions. */
  readonly needs: readonly string[];
  readonly evaluate: (scope: Scope) => unknown;
}

/** Reads an expression: `add:a,2`, `ref:d1`, `inc:a`. */
function expression(world: World, spec: string): Expression {
  const [kind, ...args] = parseSpec(spec);
  const variables = args.filter((arg) => typeof arg === "string");
  const [first, second] = args;
  switch (kind) {
    case "ref":
      return { needs: [], evaluate: () => world.reference(String(first)) };
    case "const":
    case "throw":
      return { needs: [], evaluate: fn(world, spec) };
    case "id":
      return { needs: variables, evaluate: (scope) => scope[String(first)] };
    case "vec":
      return { needs: variables, evaluate: (scope) => variables.map((name) => scope[name]) };
    case "add":
    case "sub":
    case "mul":
    case "max":
    case "pairUp": {
      const value = (scope: Scope, arg: unknown): unknown => (typeof arg === "string" ? scope[arg] : arg);
      // A set, as Manifold's dependencies are: zip of one deferred flattens it, zip of twice the same does not.
      const needs = [...new Set(variables)];
      return { needs, evaluate: (scope) => fn2(world, kind)(value(scope, first), value(scope, second)) };
    }
    case "plusRef":
      return {
        needs: [String(second)],
        evaluate: (scope) =>
          chain(world.reference(String(first)), (x: unknown) => number(x) + number(scope[String(second)])),
      };
    case "refAfter":
      return { needs: [String(second)], evaluate: () => world.reference(String(first)) };
    default:
      return { needs: variables, evaluate: (scope) => fn(world, kind)(scope[String(first)]) };
  }
}

export interface LetFlowOptions {
  readonly log?: string;
  readonly outer?: readonly Binding[];
  readonly prime?: boolean;
}

/** Runs a recorded `letFlow` on the flow builder. */
export function letFlow(
  world: World,
  bindings: readonly Binding[],
  body: string,
  { log, outer = [], prime = false }: LetFlowOptions,
): Deferred<unknown> {
  const logged = (text: string): void => void (log === undefined || world.log(log).push(text));
  let graph = (prime ? flowPrime() : flow()) as Flow<Scope>;
  const last = expression(world, body);
  const expressions = bindings.map(([name, spec]) => ({ name, ...expression(world, spec) }));
  const mentioned = mentionedOutside(expressions, last);
  for (const [name, spec] of outer) {
    if (!mentioned.has(name)) continue;
    const value = expression(world, spec).evaluate({});
    graph = graph.let(name, () => value);
  }
  for (const { name, needs, evaluate } of expressions) {
    const start = (scope: Scope): unknown => {
      logged(name);
      return evaluate(scope);
    };
    graph = needs.length === 0 ? graph.let(name, () => start({})) : graph.let(name, needs, start);
  }
  return graph.in((scope) => {
    logged("body");
    return last.evaluate(scope);
  });
}

/** The variables that are mentioned where no earlier binding has their name: those of the enclosing scope. */
function mentionedOutside(
  expressions: readonly { readonly name: string; readonly needs: readonly string[] }[],
  body: Expression,
): Set<string> {
  const bound = new Set<string>();
  const outside = new Set<string>();
  const visit = (needs: readonly string[]): void => {
    for (const need of needs) if (!bound.has(need)) outside.add(need);
  };
  for (const { name, needs } of expressions) {
    visit(needs);
    bound.add(name);
  }
  visit(body.needs);
  return outside;
}
