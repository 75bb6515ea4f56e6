/** What streams need of deferreds beyond the public list: the cell itself and its propagation. */
export { isDeferrable } from "./coerce.js";
export {
  type Awaitable,
  Deferred,
  ERROR,
  errorDeferred,
  errorOf,
  type Listener,
  PENDING,
  realizeUnseen,
  SUCCESS,
  setKeeper,
  settle,
  settleNow,
  subscribe,
  successDeferred,
} from "./deferred.js";
export { drain, mark, push, pushBelow, reverse, type Task } from "./propagation.js";
