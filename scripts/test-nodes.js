/**
 * Runs the tests of jest.nodes.config.js on other versions of Node, one after the other: all of them, or those that are named. Other
 * arguments go to jest: `npm run test:nodes -- 22 26 test/http`. With `--reports=FOLDER`, jest's report of each is written there.
 *
 * The versions come from the npm registry, into a folder of their own: as dependencies they would link a `node` that npm's scripts
 * then run. They are kept there; who wants newer ones removes `.nodes`.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const isWindows = process.platform === "win32";

/** The oldest Node that package.json allows, and the newest of each line that is maintained, or will be. */
const VERSIONS = { 20: "20.19.0", 22: "22", 24: "24", 26: "26" };
/** Minutes for each. */
const LIMIT = 8;

const folderOf = (line) => `${root}.nodes/node_modules/node${line}`;
const programOf = (line) => `${folderOf(line)}/bin/node${isWindows ? ".exe" : ""}`;

const reports = process.argv.find((argument) => argument.startsWith("--reports="))?.slice("--reports=".length);
const named = process.argv.slice(2).filter((argument) => argument in VERSIONS);
const forJest = process.argv
  .slice(2)
  .filter((argument) => !(argument in VERSIONS) && !argument.startsWith("--reports="));
const lines = named.length > 0 ? named : Object.keys(VERSIONS);

function install() {
  const missing = lines.filter((line) => !existsSync(programOf(line)));
  if (missing.length === 0) return;
  const packages = Object.entries(VERSIONS)
    .filter(([line]) => missing.includes(line) || existsSync(programOf(line)))
    .map(
      ([line, version]) => `node${line}@npm:node-${isWindows ? "win" : process.platform}-${process.arch}@${version}`,
    );
  const { status } = spawnSync(
    "npm",
    ["install", "--prefix", ".nodes", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", ...packages],
    { cwd: root, stdio: "inherit", shell: isWindows },
  );
  if (status === 0 && missing.every((line) => existsSync(programOf(line)))) return;
  console.error(
    `cannot test on Node ${missing.join(", ")}: npm could not install it from the registry (see above). ` +
      `Where there is no registry, put it in place by hand: ${programOf(missing[0])}`,
  );
  process.exit(1);
}

function test(line) {
  const { PATH } = process.env;
  const program = programOf(line);
  const version = spawnSync(program, ["--version"], { encoding: "utf8" }).stdout.trim();
  console.log(`\n== Node ${version}`);
  const { status, signal } = spawnSync(
    program,
    [
      "--experimental-vm-modules",
      "--no-warnings",
      "node_modules/jest/bin/jest.js",
      "--config=jest.nodes.config.js",
      ...(reports === undefined ? [] : ["--json", `--outputFile=${reports}/node${line}.json`]),
      ...forJest,
    ],
    {
      cwd: root,
      // Processes that tests start by the name of "node" are of the same version.
      env: { ...process.env, PATH: `${dirname(program)}${delimiter}${PATH}` },
      stdio: "inherit",
      timeout: LIMIT * 60_000,
    },
  );
  if (signal !== null) console.error(`the tests on Node ${version} were stopped after ${LIMIT} minutes`);
  return status === 0;
}

install();
const failed = lines.filter((line) => !test(line));
if (failed.length > 0) console.error(`\nthe tests failed on Node ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
