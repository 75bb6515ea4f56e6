/** Compiles what changes, and starts the server again with it. */
import { spawn } from "node:child_process";

const run = (...parameters) => spawn(process.execPath, parameters, { stdio: "inherit" });
const programs = [
  run("node_modules/typescript/bin/tsc", "--watch", "--preserveWatchOutput"),
  run("--watch", "--watch-preserve-output", "dist/src/server.js"),
];

function stop() {
  for (const program of programs) program.kill();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
for (const program of programs) program.once("exit", stop);
