/** One value of each representation of bytes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll } from "@jest/globals";
import { file } from "../../src/byte-streams/core.js";
import { convert, seqOf, streamOf, type Type, types, vectorOf } from "../../src/byte-streams/index.js";

/** The representations that bytes can be read from. */
export const readable: readonly Type[] = [
  types.string,
  types.bytes,
  types.buffer,
  types.arrayBuffer,
  types.sharedArrayBuffer,
  types.dataView,
  types.view,
  types.blob,
  types.readable,
  types.webReadable,
  types.byteSource,
  ...([types.string, types.bytes, types.buffer] as Type[]).flatMap((type) => [
    seqOf(type),
    streamOf(type),
    vectorOf(type),
  ]),
];

const folder = mkdtempSync(join(tmpdir(), "bytes-"));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A name in a new folder of the tests. */
export function newPath(): string {
  return join(folder, `file-${++files}`);
}

/** What a type that nothing is converted into is made of bytes by. */
const made = new Map<Type, (content: string | Uint8Array) => unknown>([
  [types.file, (content) => file(written(content))],
  [types.url, (content) => pathToFileURL(written(content))],
  [types.fileHandle, (content) => open(written(content))],
  [types.unknown, (content) => content],
]);

/** All types of one thing that bytes are read from, those of files too. */
export const sources: readonly Type[] = [...readable, types.file, types.url, types.fileHandle];

export function written(content: string | Uint8Array): string {
  const path = newPath();
  writeFileSync(path, content);
  return path;
}

/** A value of the type that holds the content. */
export async function sampleOf(type: Type, content: string | Uint8Array): Promise<unknown> {
  return made.get(type)?.(content) ?? convert(content, type, { chunkSize: 5 });
}
