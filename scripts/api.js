/**
 * Writes what every entry point exports, with its types, to `api/*.api.md`, so that a review sees each change of it. With `--check` it
 * writes nothing, and fails where the reports are not up to date. Wants what `npm run build` makes.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CompilerState, Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const root = fileURLToPath(new URL("..", import.meta.url));
const reports = `${root}api`;
const isCheck = process.argv.includes("--check");
const { exports } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));

/** The declarations of every entry point, by the name of its report; `./middleware/*` is one for each file of the folder. */
function entryPoints() {
  return Object.entries(exports).flatMap(([path, target]) => {
    if (typeof target === "string") return [];
    const name = path === "." ? "express-ring" : path.slice("./".length);
    if (!name.includes("*")) return [[name, target.types]];
    const [folder, ending] = target.types.split("*");
    return readdirSync(join(root, folder), { recursive: true })
      .filter((file) => file.endsWith(ending) && file !== `index${ending}`)
      .map((file) => [name.replace("*", file.slice(0, -ending.length)), folder + file]);
  });
}

const silent = {
  extractorMessageReporting: { default: { logLevel: "none" } },
  tsdocMessageReporting: { default: { logLevel: "none" } },
};
const scratch = mkdtempSync(join(tmpdir(), "express-ring-api-"));
process.on("exit", () => rmSync(scratch, { recursive: true }));

const fileOf = (name) => `${name.replaceAll("/", "-")}.api.md`;
const configOf = ([name, declarations]) =>
  ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: `${root}package.json`,
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, declarations),
      newlineKind: "lf",
      compiler: { tsconfigFilePath: `${root}tsconfig.json` },
      apiReport: { enabled: true, reportFolder: reports, reportTempFolder: scratch, reportFileName: fileOf(name) },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      // Other tools see to docstrings and to types that are not exported.
      messages: { ...silent, compilerMessageReporting: { default: { logLevel: "error" } } },
    },
  });

mkdirSync(reports, { recursive: true });
const all = entryPoints();
const configs = all.map(configOf);
const [first, ...rest] = configs;
// One program for all of them.
const compilerState = CompilerState.create(first, {
  additionalEntryPoints: rest.map((config) => config.mainEntryPointFilePath),
});
let isFine = true;

for (const config of configs) {
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: !isCheck,
    compilerState,
    messageCallback: (message) => {
      if (message.logLevel === "error") console.error(message.text);
      message.handled = true;
    },
  });
  if (apiReportChanged)
    console.log(`${isCheck ? "differs" : "updated"}: api/${config.reportFilePath.slice(reports.length + 1)}`);
  if (errorCount > 0 || (isCheck && apiReportChanged)) isFine = false;
}

const known = new Set(all.map(([name]) => fileOf(name)));
for (const file of readdirSync(reports).filter((file) => !known.has(file))) {
  console.log(`${isCheck ? "of no entry point" : "removed"}: api/${file}`);
  if (isCheck) isFine = false;
  else rmSync(join(reports, file));
}
if (!isFine)
  console.error(
    "The package's API is not what the reports say. If it should be so, run `npm run api`, and commit what it changes.",
  );
process.exit(isFine ? 0 : 1);
