import "./upload-modules.js";
import { rm } from "node:fs/promises";
import type { Server } from "node:http";
import express from "express";
import { type RingRequest, ring } from "express-ring";
import { type MultipartParams, type TempFile, wrapMultipartParams } from "express-ring/middleware";

async function size({ multipartParams }: RingRequest & MultipartParams) {
  const { title, file } = multipartParams as { title: string; file: TempFile };
  await rm(file.tempfile);
  return { status: 200, body: `${title} ${file.size}` };
}

export function start(): Server {
  const app = express();
  app.post("/", ring(wrapMultipartParams(size)));
  return app.listen(0);
}
