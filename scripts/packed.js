/** What the package is made of, as npm packs it. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The paths of the files that npm packs. Wants what `npm run build` makes. */
export function packedFiles() {
  const { status, stdout, stderr } = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 16 * 1024 * 1024,
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm cannot pack the package: ${stderr}`);
  const [{ files }] = JSON.parse(stdout);
  return files.map(({ path }) => path);
}

/** The entry points that a package.json names, by the names they are imported by; one with a `*` is one for each file. */
export function entryPointsOf({ name, exports }, files) {
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === "string") return [];
    const entryPoint = path.replace(".", name);
    if (!path.includes("*")) return [entryPoint];
    const [before, after] = target.default.slice("./".length).split("*");
    return files
      .filter((file) => file.startsWith(before) && file.endsWith(after))
      .map((file) => entryPoint.replace("*", file.slice(before.length, -after.length)));
  });
}
