/** The layers of an Express app, in the order in which requests meet them, read as far as Express keeps them in the open. */

import { tagOf } from "../ring/tag.js";
import { type Stack, stackOf } from "./stacks.js";

/** What `app.use` or a route has put in the way. */
export interface ExpressLayer {
  /** "GET /users/:id" of a route, else the name of the function. */
  readonly name: string;
  /** Of a Ring handler. */
  readonly stack?: Stack;
  /** Of a router, and of a route with several handlers. */
  readonly layers?: readonly ExpressLayer[];
}

interface RawLayer {
  readonly name?: string;
  readonly method?: string;
  readonly handle?: unknown;
  readonly route?: { readonly path: unknown; readonly stack: readonly RawLayer[] };
}

interface RawApp {
  readonly router?: unknown;
  readonly _router?: unknown;
}

/** Routers in routers that are followed. */
const DEEPEST = 10;

/** The layers of an app of Express 5 or 4; none of what is no such app. */
export function layersOf(app: unknown): readonly ExpressLayer[] {
  if (typeof app !== "function") return [];
  // In Express 4, which makes its router lazily, `router` throws.
  return layersIn("lazyrouter" in app ? (app as RawApp)._router : (app as RawApp).router, 0);
}

function layersIn(router: unknown, depth: number): readonly ExpressLayer[] {
  const stack = (router as { readonly stack?: unknown } | undefined)?.stack;
  if (!Array.isArray(stack) || depth > DEEPEST) return [];
  return (stack as readonly RawLayer[]).map((layer) => shown(layer, depth));
}

function shown({ name, handle, route }: RawLayer, depth: number): ExpressLayer {
  if (route !== undefined) {
    const methods = [...new Set(route.stack.map(({ method }) => method?.toUpperCase() ?? "ANY"))].join(", ");
    const layers = route.stack.map((inner) => shown(inner, depth + 1));
    const [only, ...others] = layers;
    const of = `${methods} ${typeof route.path === "string" ? route.path : String(route.path)}`;
    if (only === undefined || others.length > 0) return { name: of, layers };
    return { ...only, name: of };
  }
  const label = tagOf(handle);
  if (label?.name === "ring") return { name: "ring", stack: stackOf(label.inner) };
  const layers = layersIn(handle, depth + 1);
  const known = name === undefined || name === "" || name === "<anonymous>" ? "(anonymous)" : name;
  return layers.length === 0 ? { name: known } : { name: known, layers };
}
