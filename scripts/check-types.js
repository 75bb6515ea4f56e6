/**
 * Compiles test/types against the package as it would be installed, with every compiler and module resolution that is promised, and
 * with it a module that imports every entry point. Library declarations are checked too; only the types are there that come with the
 * package's dependencies, and those that whoever uses Node and Express in TypeScript has. Wants what `npm run build` makes.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryPointsOf, packedFiles } from "./packed.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const { name, exports, dependencies, peerDependencies } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

const compilers = {
  "TypeScript 5.9": "typescript-5.9/bin/tsc",
  "TypeScript 6": "typescript/bin/tsc6",
  "TypeScript 7": "@typescript/native/bin/tsc",
};
const resolutions = {
  nodenext: { module: "nodenext", moduleResolution: "nodenext" },
  // Bundlers have no CommonJS of TypeScript's kind.
  bundler: { module: "esnext", moduleResolution: "bundler" },
};

const folder = mkdtempSync(join(tmpdir(), "express-ring-types-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

function install() {
  const files = packedFiles();
  for (const file of files) cpSync(`${root}${file}`, join(folder, "node_modules", name, file));
  const installed = Object.keys({ ...dependencies, ...peerDependencies, "@types/node": "", "@types/express": "" });
  for (const one of installed) {
    const path = join(folder, "node_modules", one);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(`${root}node_modules/${one}`, path, "junction");
  }
  return files;
}

function write(files) {
  const entryPoints = entryPointsOf({ name, exports }, files).map(
    (entryPoint) => `export * as e${entryPoint.replace(/\W/g, "_")} from "${entryPoint}";`,
  );
  writeFileSync(join(folder, "entry-points.ts"), `${entryPoints.join("\n")}\n`);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const file of ["consumer.ts", "consumer.cts"]) cpSync(`${root}test/types/${file}`, join(folder, file));
  for (const [resolution, options] of Object.entries(resolutions)) {
    const compilerOptions = {
      ...options,
      target: "es2022",
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noPropertyAccessFromIndexSignature: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const include = ["*.ts", ...(resolution === "nodenext" ? ["*.cts"] : [])];
    writeFileSync(join(folder, `tsconfig.${resolution}.json`), JSON.stringify({ compilerOptions, include }));
  }
  return entryPoints.length;
}

const count = write(install());
let isFine = true;
for (const [compiler, program] of Object.entries(compilers)) {
  for (const resolution of Object.keys(resolutions)) {
    const { status } = spawnSync(
      process.execPath,
      [`${root}node_modules/${program}`, "--pretty", "false", "-p", `tsconfig.${resolution}.json`],
      { cwd: folder, stdio: "inherit" },
    );
    console.log(
      `${status === 0 ? "compiles" : "DOES NOT COMPILE"} with ${compiler}, ${resolution} (${count} entry points)`,
    );
    isFine &&= status === 0;
  }
}
process.exit(isFine ? 0 : 1);
