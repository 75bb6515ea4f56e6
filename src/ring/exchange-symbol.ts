/** How a request map carries the raw exchange that it came from. */

/** The symbol-keyed property of a request map under which its raw exchange is found; it survives `{ ...request }`. */
export const EXCHANGE: unique symbol = Symbol.for("express-ring.exchange");

/** As much of an exchange as helpers over maps look at. */
export interface RawExchange {
  /** Names and values in turn, as they came over the wire. */
  readonly rawHeaders: readonly string[];
}
