/** The tree of files that the recorded cases speak of, laid out in a temporary folder. */

import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";

interface Entry {
  readonly path: string;
  readonly type: "file" | "symlink" | "dir";
  readonly content?: { readonly text: string } | { readonly base64: string };
  readonly target?: string;
  readonly mtimeMs?: number;
}

interface Tree {
  readonly resourceRoots: readonly string[];
  readonly dirs: readonly string[];
  readonly entries: readonly Entry[];
}

const tree = JSON.parse(readFileSync(new URL("ring/fixtures.json", import.meta.url), "utf8")) as Tree;

/** The folder, with symbolic links resolved. */
export const root = realpathSync(mkdtempSync(join(tmpdir(), "ring-fixtures-")));

/** A path of the tree on this machine. */
export const fixturePath = (path: string): string => join(root, path);

/** The folders of resources, in the order they are looked through. */
export const resourceRoots: readonly string[] = tree.resourceRoots.map(fixturePath);

/** A path on this machine as the tables write it. */
export function tablePath(path: string): string {
  const plain = normalize(path);
  return plain.startsWith(`${root}/`) ? plain.slice(root.length + 1) : plain;
}

export function layOut(): void {
  for (const dir of tree.dirs) mkdirSync(fixturePath(dir), { recursive: true });
  for (const { path, type, content, target, mtimeMs } of tree.entries) {
    const place = fixturePath(path);
    if (type === "symlink") symlinkSync(target ?? "", place);
    if (content === undefined) continue;
    writeFileSync(place, bytesOf(content));
    if (mtimeMs !== undefined) utimesSync(place, mtimeMs / 1000, mtimeMs / 1000);
  }
}

export function remove(): void {
  rmSync(root, { recursive: true, force: true });
}

/** Bytes as the tables write them. */
export function bytesOf(content: { readonly text: string } | { readonly base64: string }): Buffer {
  return "text" in content ? Buffer.from(content.text) : Buffer.from(content.base64, "base64");
}
