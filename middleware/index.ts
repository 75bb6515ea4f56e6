/** Ring's middleware. */
export * from "./content-type.js";
export * from "./cookies.js";
export * from "./head.js";
export * from "./keyword-params.js";
export * from "./nested-params.js";
export * from "./not-modified.js";
export * from "./params.js";
