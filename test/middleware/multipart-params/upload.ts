/** Uploads as the middleware hands them to stores. */
import type { Readable } from "node:stream";
import { readChunks } from "../../../src/byte-streams/core.js";
import type { Upload } from "../../../src/multipart/index.js";

export function uploadOf(stream: Readable): Upload {
  const chunks = readChunks(stream);
  return { filename: "a.txt", contentType: undefined, stream, read: () => chunks.next() };
}
