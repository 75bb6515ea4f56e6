/** Bodies that come in pieces of one byte, so that what is kept of each piece weighs more than its content. */

import { Readable } from "node:stream";
import { afterAll, describe, expect, it } from "@jest/globals";
import {
  byteArrayStore,
  jsonBodyRequest,
  multipartParamsRequest,
  paramsRequest,
  parseMultipartParams,
  tempFileStore,
  type Upload,
} from "../../middleware/index.js";
import type { RingRequest } from "../../src/ring/types.js";
import { makeFolder } from "../folder.js";
import { heapInUse } from "../garbage.js";

/** So many that they fit into what may wait for a reader. */
const PIECES = 250_000;

/** How many bytes of heap a body of so many pieces takes when it has come, and its end has not. */
async function heapFor(contentType: string, head: string, read: (request: RingRequest) => unknown): Promise<number> {
  const body = new Readable({ read: () => {} });
  gate = new Promise((resolve) => {
    openGate = resolve;
  });
  const before = heapInUse();
  const result = read({ headers: { "content-type": contentType }, body } as unknown as RingRequest);
  body.push(head);
  for (let sent = 0; sent < PIECES; sent++) {
    body.push(Buffer.from("a"));
    // oxlint-disable-next-line no-await-in-loop -- the reader gets them as they come
    if (sent % 1000 === 0) await new Promise(setImmediate);
  }
  await new Promise(setImmediate);
  const taken = heapInUse() - before;
  body.destroy();
  openGate();
  await expect(Promise.resolve(result)).rejects.toMatchObject({ code: "RING_BODY_ABORTED" });
  return taken;
}

const form = 'multipart/form-data; boundary="b"';
const partOf = (parameters: string): string => `--b\r\nContent-Disposition: form-data; ${parameters}\r\n\r\n`;
const folder = makeFolder();
afterAll(() => folder.remove());
const store = tempFileStore({ directory: folder.path });

let openGate = (): void => {};
let gate: Promise<void> = Promise.resolve();
const slowStore = async ({ read }: Upload): Promise<undefined> => {
  await gate;
  while ((await read()) !== undefined);
};

describe("a body in pieces of one byte takes no more memory than a few times its size", () => {
  it.each<[string, string, string, (request: RingRequest) => unknown]>([
    ["a form", "application/x-www-form-urlencoded", "a=", (request) => paramsRequest(request)],
    ["JSON", "application/json", '"', (request) => jsonBodyRequest(request)],
    ["a field of a multipart form", form, partOf("name=a"), (request) => multipartParamsRequest(request)],
    [
      "an upload into memory",
      form,
      partOf("name=a; filename=a"),
      (request) => parseMultipartParams(request, { store: byteArrayStore() }),
    ],
    [
      "an upload into a file",
      form,
      partOf("name=a; filename=a"),
      (request) => parseMultipartParams(request, { store }),
    ],
    [
      "an upload that waits for a store",
      form,
      partOf("name=a; filename=a"),
      (request) => parseMultipartParams(request, { store: slowStore }),
    ],
  ])("%s", async (_what, contentType, head, read) => {
    expect(await heapFor(contentType, head, read)).toBeLessThan(10 * PIECES);
  });
});
