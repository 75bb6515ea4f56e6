/** Ring's middleware. */

export * from "./anti-forgery/encrypted-token.js";
export * from "./anti-forgery/session.js";
export * from "./anti-forgery/signed-token.js";
export * from "./anti-forgery/strategy.js";
export * from "./anti-forgery.js";
export * from "./content-type.js";
export * from "./cookies.js";
export * from "./head.js";
export * from "./json.js";
export * from "./not-modified.js";
export * from "./params.js";
