/** `npm run example hello`: installs and builds what is missing, then runs examples/hello.ts with what follows its name. */
import { spawn, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const names = readdirSync(`${root}examples`)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -".ts".length));

const [name, ...parameters] = process.argv.slice(2);
if (!names.includes(name)) {
  if (name !== undefined) console.error(`There is no example ${JSON.stringify(name)}.`);
  console.log(`npm run example <name>, where <name> is one of:\n${names.map((one) => `  ${one}`).join("\n")}`);
  process.exit(name === undefined ? 0 : 1);
}

for (const script of ["install", "build"]) {
  const { status } = spawnSync(process.execPath, [`${root}scripts/${script}.js`], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
const program = spawn(process.execPath, [`${root}dist/examples/${name}.js`, ...parameters], { stdio: "inherit" });
// Ctrl-C reaches both; whoever ends this one alone ends the example, too.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => program.kill(signal));
program.once("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
