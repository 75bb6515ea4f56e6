/** A process with an upload server in it: `upload-server.ts <folder>`. Tells its port, what came of each upload, and what it uses. */
import { readdirSync, readlinkSync } from "node:fs";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import { type MultipartParams, type TempFile, tempFileStore, wrapMultipartParams } from "../../middleware/index.js";
import { type RingRequest, ring } from "../../src/index.js";

const [directory = ""] = process.argv.slice(2);
const files = tempFileStore({ directory });
const tell = (message: object): void => void process.send?.(message);

const store = Object.assign(
  async (...upload: Parameters<typeof files>) => {
    tell({ began: true });
    try {
      return await files(...upload);
    } finally {
      tell({ settled: true });
    }
  },
  { remove: (file: TempFile) => files.remove?.(file) },
);

const handler = ({ multipartParams }: RingRequest & MultipartParams) => ({
  body: JSON.stringify(multipartParams),
});
const fail: ErrorRequestHandler = (error: { code?: string; status?: number }, _req, res, _next) => {
  tell({ failed: error.code });
  res.status(error.status ?? 500).end();
};

const app = express();
app.post("/", ring(wrapMultipartParams(handler, { store })));
app.use(fail);
const server = app.listen(0, () => tell({ port: (server.address() as AddressInfo).port }));

function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(directory) ? [target] : [];
    } catch {
      // The handle that read the folder is closed by now.
      return [];
    }
  });
}

process.on("message", () => tell({ memory: process.resourceUsage().maxRSS * 1024, open: openFiles() }));
process.once("disconnect", () => process.exit());
