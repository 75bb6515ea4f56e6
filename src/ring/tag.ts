/** The label that every middleware puts on the handler it returns, so that tools can draw a stack. */

const TAG: unique symbol = Symbol.for("express-ring.middleware");

/** Which middleware made a handler, and around which. */
export interface Tag {
  readonly name: string;
  readonly inner: unknown;
}

/**
 * Labels a handler with the middleware that made it, and returns it.
 *
 * @example
 * const wrapHello = (inner) => tagged("wrapHello", inner, (request) => inner({ ...request, hello: true }));
 */
export function tagged<H extends object>(name: string, inner: unknown, handler: H): H {
  return Object.defineProperty(handler, TAG, { value: { name, inner } satisfies Tag });
}

/** The label of a handler, or undefined. */
export function tagOf(handler: unknown): Tag | undefined {
  return (handler as { readonly [TAG]?: Tag } | null | undefined)?.[TAG];
}
