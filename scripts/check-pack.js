/** Checks what npm packs: documents, sources, and what each source is compiled into; nothing else, and nothing less. Wants what `npm run build` makes. */
import { packedFiles } from "./packed.js";

const DOCUMENTS = ["CHANGELOG.md", "LICENSE", "README.md", "migration-guide.md", "package.json"];
const COMPILED = [".js", ".js.map", ".d.ts", ".d.ts.map"];

const packed = new Set(packedFiles());
const sources = [...packed].filter((file) => /^(src|middleware)\/.+\.ts$/.test(file));
const expected = new Set([
  ...DOCUMENTS,
  ...sources,
  ...sources.flatMap((source) => COMPILED.map((ending) => `dist/${source.replace(/\.ts$/, ending)}`)),
]);

const strangers = [...packed].filter((file) => !expected.has(file)).map((file) => `should not be packed: ${file}`);
const missing = [...expected].filter((file) => !packed.has(file)).map((file) => `is missing: ${file}`);
for (const fault of [...strangers, ...missing]) console.error(fault);
if (sources.length === 0) console.error("no sources are packed");
console.log(`npm packs ${packed.size} files`);
process.exit(sources.length > 0 && strangers.length + missing.length === 0 ? 0 : 1);
