/** Ring inside Express, and Express inside Ring. */
export { expressOf } from "./exchange.js";
export { type RingOptions, ring } from "./ring.js";
export { wrapExpress } from "./wrap-express.js";
