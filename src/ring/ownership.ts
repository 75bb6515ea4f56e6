/**
 * Whose a request map is. Middleware adds to a copy, since whoever called it may look at the request again, or call it twice.
 * But a router or a server that has just made the request, and forgets it with the call, has no use for it any more: it hands
 * the request over, and the next in the stack adds to it in place. A stack of five then makes one map instead of four.
 *
 * Only functions of the kit take part. What anybody else passes on, or gets, stays as it is.
 */

type AnyHandler = (request: never) => unknown;

/**
 * Handlers whose first act is to ask whether their request was handed over, so that nobody else can come between. A wrapper or
 * a proxy around one is not among them.
 */
const takers = new WeakSet<AnyHandler>();

/** The request that is being handed over, from just before the call until the handler has asked. */
let handed: unknown;

/** Marks a handler that calls `isHandedOver` before it does anything else. */
export function taking<H extends AnyHandler>(handler: H): H {
  takers.add(handler);
  return handler;
}

/** Was the request handed over to the handler that asks? Then nobody else has it. */
export function isHandedOver(request: unknown): boolean {
  const isOwn = request !== undefined && handed === request;
  handed = undefined;
  return isOwn;
}

/**
 * The call of a handler, with a request that is handed over to it if it may be.
 *
 * @returns a function of the request, and of whether the caller is the only one who has it, and will not look at it again.
 */
export function calling<R, A>(handler: (request: R) => A): (request: R, isOwn: boolean) => A {
  if (!takers.has(handler)) return (request) => handler(request);
  return (request, isOwn) => {
    handed = isOwn ? request : undefined;
    return handler(request);
  };
}
