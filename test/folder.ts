/** A folder that is there while a test file runs. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface Folder {
  readonly path: string;
  /** The path of a name in it. */
  of(name: string): string;
  /** Writes a file, and the folders on the way to it. @returns its path */
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

export function makeFolder(): Folder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "express-ring-")));
  const of = (name: string): string => join(path, name);
  return {
    path,
    of,
    write: (name, content) => {
      mkdirSync(dirname(of(name)), { recursive: true });
      writeFileSync(of(name), content);
      return of(name);
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
