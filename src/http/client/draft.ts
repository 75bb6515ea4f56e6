/** Copies that are changed before anybody else sees them. */

import type { ClientRequest } from "./types.js";

/** A request that is being made. */
export type Draft = { -readonly [K in keyof ClientRequest]: ClientRequest[K] };

/**
 * A copy to assign to. `{ ...request, uri }` says the same, but where `uri` is there already V8 takes microseconds for it,
 * and an assignment nanoseconds.
 */
export function draft(request: ClientRequest): Draft {
  return { ...request };
}
