/** Compiles src, middleware, examples and bench into dist, and copies the pages and styles the examples serve. */
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [`${root}node_modules/@typescript/native/bin/tsc`, "-p", `${root}tsconfig.build.json`],
  { cwd: root, stdio: "inherit" },
);
if (status !== 0) process.exit(status ?? 1);
cpSync(`${root}examples`, `${root}dist/examples`, {
  recursive: true,
  filter: (path) => !path.endsWith(".ts") && path !== `${root}examples/starter`,
});
