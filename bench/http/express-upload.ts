import "./upload-modules.js";
import { rm } from "node:fs/promises";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import express from "express";
import multer from "multer";

export function start(): Server {
  const app = express();
  const upload = multer({ storage: multer.diskStorage({ destination: tmpdir() }) });
  app.post("/", upload.single("file"), async ({ body, file }, response) => {
    await rm(file?.path ?? "");
    response.end(`${body.title} ${file?.size}`);
  });
  return app.listen(0);
}
