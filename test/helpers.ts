/** What several tests share; no logic. */
import type { Deferred } from "../src/deferred/index.js";

/** The value of a realized deferred; undefined while it is pending. A failed one throws its error. */
export function valueOf(deferred: Deferred<never> | Deferred<unknown>): unknown {
  let value: unknown;
  if (!deferred.isRealized) return undefined;
  deferred.onRealized(
    (found: unknown) => {
      value = found;
    },
    (error) => {
      throw error;
    },
  );
  return value;
}
