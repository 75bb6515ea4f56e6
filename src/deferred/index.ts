/** Deferreds. Source: `manifold.deferred`. */
export { andThen } from "./and-then.js";
export { type Chain, chain, chainPrime, type Stage } from "./chain.js";
export { isDeferrable, isDeferred, toDeferred, unwrap, unwrapPrime } from "./coerce.js";
export {
  type Awaitable,
  addListener,
  type ClaimToken,
  cancelListener,
  claim,
  type Deferrable,
  type Deferred,
  deferred,
  error,
  errorDeferred,
  isRealized,
  type Listener,
  listener,
  onRealized,
  type PDeferred,
  type Realized,
  success,
  successDeferred,
  toPromise,
} from "./deferred.js";
export {
  type DroppedErrorHandler,
  disableDroppedErrorLogging,
  enableDroppedErrorLogging,
  setDroppedErrorHandler,
  withDroppedErrorDetection,
} from "./dropped.js";
export { type Block, goOff, type Parked, park, parkQuietly, type Takeable } from "./go-off.js";
export { type Flow, flow, flowPrime, letFlow, letFlowPrime } from "./let-flow.js";
export { connect, loop, type Recur, recur } from "./loop.js";
export {
  catchError,
  catchError as catch,
  catchPrime,
  type ErrorClass,
  finallyDo,
  finallyDo as finally,
  finallyPrime,
} from "./recover.js";
export { timeout } from "./timeout.js";
export { alt, altPrime, type RealizedTuple, zip, zipPrime } from "./zip.js";
