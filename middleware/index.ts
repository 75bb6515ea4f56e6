/** Ring's middleware. */
export * from "./content-type.js";
export * from "./cookies.js";
export * from "./head.js";
export * from "./lint.js";
export * from "./not-modified.js";
export * from "./params.js";
export * from "./websocket-keepalive.js";
