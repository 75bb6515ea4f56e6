/** What streams need of deferreds beyond the public list: the cell itself and its propagation. */
export {
  type Awaitable,
  Deferred,
  ERROR,
  errorDeferred,
  errorOf,
  isDeferrable,
  type Listener,
  PENDING,
  realizeUnseen,
  SUCCESS,
  settle,
  settleNow,
  subscribe,
  successDeferred,
} from "./deferred.js";
export { drain, mark, push, pushBelow, reverse, type Task } from "./propagation.js";
