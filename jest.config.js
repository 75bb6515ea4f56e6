import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/** Tests import the package by its own name too (guides, examples): every entry point leads to its source, not to dist. */
const entryPoints = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === "object")
  .map(([name, target]) => [
    `^express-ring${name.slice(1).replace("*", "(.+)")}$`,
    `<rootDir>/${target.default.replace("./dist/", "").replace("*", "$1").replace(/\.js$/, ".ts")}`,
  ]);

/** @type {import('jest').Config} */
export default {
  testEnvironment: "node",
  // Modules of a suite stay in the memory of whoever ran it: without workers that end, collections take longer than tests.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  workerIdleMemoryLimit: "800MB",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  // Garbage collections in a worker that has run many suites, and Chromium's start on a busy machine, take their time.
  testTimeout: 30_000,
  setupFiles: ["<rootDir>/test/setup.ts"],
  setupFilesAfterEnv: ["<rootDir>/test/retries.ts"],
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { ...Object.fromEntries(entryPoints), "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      {
        jsc: { parser: { syntax: "typescript" }, target: "es2023", transform: { useDefineForClassFields: false } },
        module: { type: "es6" },
        sourceMaps: "inline",
      },
    ],
  },
};
