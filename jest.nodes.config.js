import config from "./jest.config.js";

/**
 * What `npm run test:nodes` runs on every other Node: all that can differ between them. `npm test` runs everything, on the Node at
 * hand; the rest is left out here because it says the same on each, or takes minutes for what shorter tests say, too.
 */
const SAME_ON_ALL = [
  // Recorded tables, and values computed of values.
  "golden/",
  "ring/",
  // The project's own files, its documents, and builds of it.
  "docs/",
  "docs",
  "layers",
  "entry-points",
  "package",
  "needs",
  "demo",
  "examples",
  "bench/",
  // Other programs: what they are told over the wire is in the contracts.
  "browser/",
  "http/real/",
  "network/",
  "http/server/peers",
  "processes/",
  // Loads, and what is left after them.
  "byte-streams/pieces",
  "deferred/dropped",
  "stream/memory",
  "http/leaks",
  "http/server/shutdown-under-load",
];

/** @type {import('jest').Config} */
export default {
  ...config,
  testPathIgnorePatterns: [
    "/node_modules/",
    ...SAME_ON_ALL.map((path) => `<rootDir>/test/${path}${path.endsWith("/") ? "" : "\\.test\\.ts$"}`),
  ],
};
