/** Where the raw exchange rides on a request map: a symbol-keyed property of its own, which survives a spread. */
export const EXCHANGE: unique symbol = Symbol.for("express-ring.exchange");

/** What helpers over plain maps may know of the exchange. */
export interface RawExchange {
  /** Names and values of the header lines as they came, in turns. */
  readonly rawHeaders: readonly string[];
  /** The files that a parser of the host's (multer) has made of the body. */
  readonly parsedFiles?: unknown;
}
