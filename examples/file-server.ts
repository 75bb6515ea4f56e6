/**
 * A folder of files: types, 304, ranges and compression, each a middleware of its own.
 *
 *     curl -i -H "Range: bytes=0-9" http://localhost:3000/index.ts
 *     curl -i --compressed http://localhost:3000/index.ts
 */
import type { AddressInfo } from "node:net";
import express from "express";
import { pipe, type RingRequest, ring } from "express-ring";
import {
  wrapCompression,
  wrapContentType,
  wrapDefaultCharset,
  wrapFile,
  wrapNotModified,
  wrapRanges,
} from "express-ring/middleware";
import { notFound } from "express-ring/response";

/** `npm run example file-server docs` serves another one. */
const folder = process.argv[2] ?? "src";

// From the inside out: what is further out sees what is further in, so that ranges are those of the file, and a part of a
// file is not compressed.
const files = pipe(
  ({ uri }: RingRequest) => notFound(`There is no ${uri} here.\n`),
  (handler) => wrapFile(handler, folder),
  (handler) => wrapContentType(handler, { mimeTypes: { ts: "text/typescript", md: "text/markdown" } }),
  (handler) => wrapDefaultCharset(handler, "utf-8"),
  wrapNotModified,
  wrapRanges,
  wrapCompression,
);

const app = express();
app.use(ring(files));

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  const address = `http://localhost:${(server.address() as AddressInfo).port}`;
  console.log(`${address}/index.ts is one of the files of ${folder}; a part of it, and all of it, compressed:`);
  console.log(`  curl -i -H "Range: bytes=0-9" ${address}/index.ts`);
  console.log(`  curl -i --compressed ${address}/index.ts`);
});
