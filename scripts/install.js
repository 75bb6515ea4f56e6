/** Installs the dependencies when they are missing or not those of package-lock.json; a second call does nothing. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const lock = JSON.parse(readFileSync(`${root}package-lock.json`, "utf8"));
const { "": manifest, ...locked } = lock.packages;

/** The lock file lists binaries of some platforms only; on others npm has to look for them afresh. */
const platform = `${process.platform}-${process.arch}`;
const coversPlatform = Object.keys(locked).some((path) => path.startsWith(`node_modules/@swc/core-${platform}`));

/** What npm says it has put into node_modules, whether by `npm ci` or by somebody's `npm install`. */
function installedPackages() {
  const record = `${root}node_modules/.package-lock.json`;
  return existsSync(record) ? JSON.parse(readFileSync(record, "utf8")).packages : {};
}

/** Whatever is not optional must be there, in the locked version, and its folder must not have been removed since. */
function matchesLock() {
  const installed = installedPackages();
  return Object.entries(locked).every(
    ([path, { version, optional }]) =>
      optional || (installed[path]?.version === version && existsSync(`${root}${path}/package.json`)),
  );
}

function hasDirectDependencies() {
  return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).every((name) =>
    existsSync(`${root}node_modules/${name}/package.json`),
  );
}

/** Is this Node one of `engines`? Its ranges are `^a.b.c` and `>=a.b.c`, joined by `||`. */
function isSupported(ranges) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return ranges.split("||").some((range) => {
    const [, operator, wantedMajor, wantedMinor] = /(\^|>=)(\d+)\.(\d+)/.exec(range);
    if (major === Number(wantedMajor)) return minor >= Number(wantedMinor);
    return operator === ">=" && major > Number(wantedMajor);
  });
}

if (!isSupported(manifest.engines.node)) {
  console.error(`express-ring needs Node ${manifest.engines.node}; this is ${process.version}.`);
  process.exit(1);
}
if (!(coversPlatform ? matchesLock() : hasDirectDependencies())) {
  const command = coversPlatform ? ["ci"] : ["install", "--no-package-lock"];
  // NODE_ENV=production would leave the tools out that build and test it.
  const { status } = spawnSync("npm", [...command, "--include=dev", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}
