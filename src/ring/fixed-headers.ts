/** Middleware that puts headers on every response that never change. */

import { andThen } from "../deferred/index.js";
import { calling, isHandedOver, taking } from "./ownership.js";
import { arePartsWatched, tagged } from "./tag.js";
import type { Handler, ResponseHeaders, RingRequest, RingResponse } from "./types.js";

type Answer = RingResponse | null | undefined;

/** A copy of the response with these headers under exactly their names, whatever they were before. */
export function withHeaders<R extends Answer>(response: R, headers: ResponseHeaders): R {
  if (response === null || response === undefined) return response;
  // V8 is slow to add keys to a copy that a spread has made, and fast to one that Object.assign has; what is there already is
  // quickly replaced in either.
  const copy: { headers?: ResponseHeaders | undefined } = { ...response };
  copy.headers = Object.assign({}, response.headers, headers);
  return copy as NonNullable<R>;
}

/** What the handlers made here put on responses, and which handler they ask. */
const made = new WeakMap<object, { readonly handler: unknown; readonly headers: ResponseHeaders }>();

/**
 * Wraps a handler so that its responses get a header. Around another of this kind it puts on both at once, in one copy.
 *
 * @param by The middleware's name.
 */
export function wrapFixedHeader<R extends RingRequest>(
  by: string,
  inner: Handler<R>,
  name: string,
  value: string,
): Handler<R> {
  const below = (arePartsWatched() ? undefined : made.get(inner)) ?? { handler: inner, headers: {} };
  const handler = below.handler as Handler<R>;
  const headers = { ...below.headers, [name]: value };
  const respond = (response: Answer): Answer => withHeaders(response, headers);
  const call = calling(handler);
  const handOn = (request: R) => andThen(call(request, isHandedOver(request)), respond);
  const wrapped = tagged(by, inner, taking(handOn));
  made.set(wrapped, { handler, headers });
  return wrapped;
}
