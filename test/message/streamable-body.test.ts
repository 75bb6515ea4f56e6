/** The bodies recorded from Ring, sent by the adapter: `test/golden/ring/streamable-body.json`. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { file, seq } from "../../src/index.js";
import type { Body } from "../../src/ring/types.js";
import { readProjectFile } from "../sources.js";
import { withServer } from "./hosts.js";

interface Recorded {
  readonly text?: string;
  readonly base64?: string;
  readonly seq?: readonly unknown[];
  readonly stream?: Recorded;
  readonly file?: string;
  readonly value?: unknown;
}

interface Case {
  readonly id: string;
  readonly args: readonly [
    { readonly status: number; readonly headers: Record<string, string>; readonly body: Recorded },
  ];
  readonly result?: { readonly bytes: Recorded };
  readonly throws?: object;
}

const cases = JSON.parse(readProjectFile("test/golden/ring/streamable-body.json")) as Case[];
const bytesOf = ({ text, base64 }: Recorded): Buffer =>
  Buffer.from(text ?? base64 ?? "", text === undefined ? "base64" : "utf8");

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "express-ring-"));
  await mkdir(join(root, "public"));
  await writeFile(join(root, "public/foo.html"), "foo");
  await writeFile(join(root, "public/empty.txt"), "");
});
afterAll(() => rm(root, { recursive: true }));

/** A recorded body as what it is here: a set stands for any data. */
function toBody(recorded: Recorded): Body {
  if (recorded.text !== undefined) return recorded.text;
  if (recorded.seq !== undefined) return seq(recorded.seq);
  if (recorded.stream !== undefined) return Readable.from([bytesOf(recorded.stream)]);
  if (recorded.file !== undefined) return file(join(root, recorded.file));
  return recorded.base64 === undefined ? (recorded.value as Body) : bytesOf(recorded);
}

describe("bodies recorded from Ring", () => {
  it.each(cases.map((recorded) => [recorded.id, recorded] as const))("%s", async (_id, { args, result, throws }) => {
    const [{ status, headers, body }] = args;
    await withServer(
      createServer(),
      () => ({ status, headers, body: toBody(body) }),
      async ({ port, errors }) => {
        const answer = await fetch(`http://localhost:${port}/`);
        const sent = Buffer.from(await answer.arrayBuffer());
        expect(answer.status).toBe(throws === undefined ? 200 : 500);
        expect(errors).toHaveLength(throws === undefined ? 0 : 1);
        expect(sent).toEqual(result === undefined ? Buffer.from("failed") : bytesOf(result.bytes));
      },
    );
  });
});
