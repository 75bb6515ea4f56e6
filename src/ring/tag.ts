/** The label that every middleware puts on the handler it returns, so that tools can draw a stack, and measure its parts. */

const TAG: unique symbol = Symbol.for("express-ring.middleware");

/** Which middleware made a handler, and around which. */
export interface Tag {
  readonly name: string;
  readonly inner: unknown;
}

/** Gets each part of a stack as it is made, and gives back what stands in its place: another function, that does the same. */
export type PartWatcher = (name: string, handler: Function) => Function;

let watcher: PartWatcher | undefined;

/**
 * Labels a handler with the middleware that made it, and returns it.
 *
 * @example
 * const wrapHello = (inner) => tagged("wrapHello", inner, (request) => inner({ ...request, hello: true }));
 */
export function tagged<H extends object>(name: string, inner: unknown, handler: H): H {
  return labelled(name, inner, watcher === undefined ? handler : (watcher(name, handler as Function) as H));
}

/** As `tagged`, for what only passes requests on to a handler, and is no part of its stack. */
export function labelled<H extends object>(name: string, inner: unknown, handler: H): H {
  return Object.defineProperty(handler, TAG, { value: { name, inner } satisfies Tag });
}

/**
 * A part of a stack that may be somebody else's, who has not labelled it: returned as it is, unless the building of the
 * stack is watched.
 *
 * @param inner What it was put around; undefined for the innermost.
 */
export function partOf<H>(name: string, inner: unknown, handler: H): H {
  if (watcher === undefined || typeof handler !== "function") return handler;
  return handler === inner || tagOf(handler) !== undefined ? handler : (tagged(name, inner, handler) as H);
}

/** Is the building of a stack watched? Then its parts stay apart. */
export function arePartsWatched(): boolean {
  return watcher !== undefined;
}

/** Builds a stack whose parts are watched. */
export function watchParts<T>(next: PartWatcher, build: () => T): T {
  const before = watcher;
  watcher = next;
  try {
    return build();
  } finally {
    watcher = before;
  }
}

/** The label of a handler, or undefined. */
export function tagOf(handler: unknown): Tag | undefined {
  return (handler as { readonly [TAG]?: Tag } | null | undefined)?.[TAG];
}
