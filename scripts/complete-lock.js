/**
 * Adds to package-lock.json the optional packages that npm has left out of it: binaries for other platforms that the registry, or a
 * mirror that lags behind it, did not have at hand. Without them `npm ci` refuses the file on every platform ("Missing: ... from
 * lock file"); with them it passes over those that are not for the machine at hand. To be run when a dependency was changed.
 */
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));

const systems = ["aix", "android", "darwin", "freebsd", "linux", "openharmony", "sunos", "win32"];
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** Where a name is found from the package in a folder: in its own node_modules, else in those above. */
function isLocked(folder, name) {
  for (let at = folder; ; at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))) {
    if (lock.packages[at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`] !== undefined) return true;
    if (at === "") return false;
  }
}

/** The platform that such a package is for, as its name tells: `@swc/core-linux-arm64-musl`. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.filter((word) => systems.includes(word));
  const cpu = words.filter((word) => processors.includes(word));
  if (os.length !== 1 || cpu.length !== 1) {
    throw new Error(
      `${name} is missing from package-lock.json, and its name tells no platform: lock it with \`npm install\``,
    );
  }
  const libc = words.flatMap((word) => (word.startsWith("musl") ? ["musl"] : word.startsWith("gnu") ? ["glibc"] : []));
  return { os, cpu, ...(libc.length > 0 && os[0] === "linux" && { libc }) };
}

const added = Object.entries(lock.packages).flatMap(([folder, { optionalDependencies = {}, dev }]) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !isLocked(folder, name))
    .map(([name, version]) => {
      if (!/^\d+\.\d+\.\d+/.test(version))
        throw new Error(`${folder} wants ${name} ${version}, which is not one version`);
      return [`node_modules/${name}`, { version, ...platformOf(name), ...(dev && { dev }), optional: true }];
    }),
);

const { "": project, ...locked } = lock.packages;
const sorted = Object.entries({ ...locked, ...Object.fromEntries(added) }).sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = { "": project, ...Object.fromEntries(sorted) };
if (added.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(
  added.length === 0 ? "package-lock.json is complete" : `added ${added.length} packages to package-lock.json`,
);
