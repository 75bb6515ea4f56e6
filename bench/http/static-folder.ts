/** The folder of files that the contenders for static files serve. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const text = (size: number): string => "static files, line by line\n".repeat(size).slice(0, size);

/** What is in the files, by name. */
export const files: Readonly<Record<"small.txt" | "large.txt", string>> = {
  "small.txt": text(2048),
  "large.txt": text(1_048_576),
};

/** Makes the folder; it goes when the process does. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "express-ring-bench-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  process.once("exit", () => rmSync(folder, { recursive: true }));
  return folder;
}
