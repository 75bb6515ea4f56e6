/** Stacks as data, read from the labels that middleware puts on the handlers it returns. */

import { tagOf } from "../ring/tag.js";

/** Middleware from the outermost to the innermost, and the handler; or, below a router, its routes. */
export interface Stack {
  readonly parts: readonly string[];
  readonly routes: readonly { readonly route: string; readonly stack: Stack }[];
}

/** Routers in routers that are followed. */
const DEEPEST = 10;

export function stackOf(handler: unknown, depth = 0): Stack {
  const parts: string[] = [];
  let inner = handler;
  for (let tag = tagOf(inner); tag !== undefined; tag = tagOf(inner)) {
    parts.push(tag.name);
    inner = tag.inner;
  }
  if (typeof inner === "function") return { parts: [...parts, ...endOf(parts, inner)], routes: [] };
  const routes = typeof inner === "object" && inner !== null && depth < DEEPEST ? Object.entries(inner) : [];
  return { parts, routes: routes.map(([route, entry]) => ({ route, stack: stackOf(entry, depth + 1) })) };
}

/** The handler itself, unless it has been named as a part. */
function endOf(parts: readonly string[], handler: Function): readonly string[] {
  const name = handler.name === "" ? "handler" : handler.name;
  return parts.at(-1) === name ? [] : [name];
}

/** The handlers in a stack, those below its routers too. */
export function* handlersIn(handler: unknown, depth = 0): Generator {
  let inner = handler;
  for (let tag = tagOf(inner); tag !== undefined; tag = tagOf(inner)) {
    yield inner;
    inner = tag.inner;
  }
  if (typeof inner === "function") yield inner;
  else if (typeof inner === "object" && inner !== null && depth < DEEPEST) {
    for (const entry of Object.values(inner)) yield* handlersIn(entry, depth + 1);
  }
}
