/** What parts of the kit that move messages themselves need of streams, beyond the public list. */
export { CoreSource, expire } from "./core-source.js";
export { type Expander, expanding, expandSource } from "./expand.js";
export { type CoreSink, DRAINED, FALSE, Failure, Put, type Taker, TRUE, WAITING } from "./protocol.js";
export { type Puller, PullSource } from "./pull-source.js";
export { PUT_SHARED, putShared, SharedMessage } from "./shared.js";
