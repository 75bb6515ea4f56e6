/** The layers of an Express app, in the order in which requests meet them, read as far as Express keeps them in the open. */

import { type Tag, tagOf } from "../ring/tag.js";
import { handlersIn, type Stack, stackOf } from "./stacks.js";

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
  readonly route?: RawRoute;
}

interface RawRoute {
  readonly path: unknown;
  readonly stack: readonly RawLayer[];
}

interface RawApp {
  readonly router?: unknown;
  readonly _router?: unknown;
}

/** Routers in routers that are followed. */
const DEEPEST = 10;

/** What is found in an app of Express 5 or 4; nothing in what is no such app. */
export class ExpressLayers {
  readonly layers: readonly ExpressLayer[];
  /** The Ring handlers among them, and those in their stacks. */
  readonly handlers: Set<unknown> = new Set();
  readonly #whereOf: (handler: object) => string | undefined;

  /** @param whereOf Tells where requests have come to a Ring handler, which Express 5 keeps to itself. */
  constructor(app: unknown, whereOf: (handler: object) => string | undefined) {
    this.#whereOf = whereOf;
    if (typeof app !== "function") this.layers = [];
    // In Express 4, which makes its router lazily, `router` throws.
    else this.layers = this.#layersIn("lazyrouter" in app ? (app as RawApp)._router : (app as RawApp).router, 0);
  }

  #layersIn(router: unknown, depth: number): readonly ExpressLayer[] {
    const stack = (router as { readonly stack?: unknown } | undefined)?.stack;
    if (!Array.isArray(stack) || depth > DEEPEST) return [];
    return (stack as readonly RawLayer[]).map((layer) => this.#shown(layer, depth));
  }

  #shown({ name, handle, route }: RawLayer, depth: number): ExpressLayer {
    if (route !== undefined) return this.#shownRoute(route, depth);
    const label = tagOf(handle);
    if (label !== undefined) return this.#shownHandler(label);
    const layers = this.#layersIn(handle, depth + 1);
    const known = name === undefined || name === "" || name === "<anonymous>" ? "(anonymous)" : name;
    return layers.length === 0 ? { name: known } : { name: known, layers };
  }

  #shownRoute({ path, stack }: RawRoute, depth: number): ExpressLayer {
    const methods = [...new Set(stack.map(({ method }) => method?.toUpperCase() ?? "ANY"))].join(", ");
    const name = `${methods} ${String(path)}`;
    const layers = stack.map((inner) => this.#shown(inner, depth + 1));
    const [only, ...others] = layers;
    return only === undefined || others.length > 0 ? { name, layers } : { ...only, name };
  }

  #shownHandler({ name, inner }: Tag): ExpressLayer {
    for (const handler of handlersIn(inner)) this.handlers.add(handler);
    const where = typeof inner === "function" ? this.#whereOf(inner) : undefined;
    return { name: where === undefined || where === "" ? name : `${name} ${where}`, stack: stackOf(inner) };
  }
}
