/** Installs the dependencies when they are missing or not those of package-lock.json; a second call does nothing. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const readJson = (path) => JSON.parse(readFileSync(`${root}${path}`, "utf8"));
const { dependencies, devDependencies, engines } = readJson("package.json");

/** Is this Node one of `engines`? Its ranges are `^a.b.c` and `>=a.b.c`, joined by `||`. */
function isSupported(ranges) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return ranges.split("||").some((range) => {
    const [, operator, wantedMajor, wantedMinor] = /(\^|>=)(\d+)\.(\d+)/.exec(range);
    if (major === Number(wantedMajor)) return minor >= Number(wantedMinor);
    return operator === ">=" && major > Number(wantedMajor);
  });
}

/** What npm has noted down of node_modules, whether it was filled by this script or by somebody's `npm install`. */
function installedPackages() {
  const note = "node_modules/.package-lock.json";
  return existsSync(`${root}${note}`) ? readJson(note).packages : {};
}

/** Is all that is not optional there, in the locked version, and has nobody removed its folder since? */
function isInstalled() {
  const { "": _project, ...locked } = readJson("package-lock.json").packages;
  const installed = installedPackages();
  const isThere = (path) => existsSync(`${root}${path}/package.json`);
  return (
    Object.keys({ ...dependencies, ...devDependencies }).every((name) => isThere(`node_modules/${name}`)) &&
    Object.entries(locked).every(
      ([path, { version, optional }]) => optional || (installed[path]?.version === version && isThere(path)),
    )
  );
}

if (!isSupported(engines.node)) {
  console.error(`express-ring needs Node ${engines.node}; this is ${process.version}.`);
  process.exit(1);
}
if (!isInstalled()) {
  // Not `npm ci`, which begins by removing all that is there: after a change of branch little is missing.
  // NODE_ENV=production would leave out the tools that build and test.
  const { status } = spawnSync("npm", ["install", "--no-save", "--include=dev", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  process.exit(status ?? 1);
}
