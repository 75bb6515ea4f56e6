import { type Deferred, onRealized } from "../../src/deferred/index.js";

/** The state of a deferred, to compare with. */
export function outcome(deferred: Deferred<unknown>): "pending" | { ok: unknown } | { err: unknown } {
  let state: ReturnType<typeof outcome> = "pending";
  if (!deferred.isRealized) return state;
  onRealized(
    deferred,
    (value) => (state = { ok: value }),
    (error) => (state = { err: error }),
  );
  return state;
}
