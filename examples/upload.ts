/**
 * Uploads that say how far they are. The form is read as it comes: files go to disk, and each percent is an event for whoever
 * listens, be it the page or another window. Open the address in a browser, or:
 *
 *     curl -N http://localhost:3000/progress/mine
 *     curl -F photo=@some.file 'http://localhost:3000/upload/mine'
 *     curl -F one=@some.file -F two=@other.file http://localhost:3000/checksums
 */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import express from "express";
import { type RingRequest, type RingResponse, ring } from "express-ring";
import { eventBus } from "express-ring/bus";
import { decodeRequest } from "express-ring/http";
import { type MultipartParams, type TempFile, wrapMultipartParams } from "express-ring/middleware";
import { busEvents, sse } from "express-ring/sse";

const json = (value: unknown): RingResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: `${JSON.stringify(value)}\n`,
});

interface Progress {
  readonly percent: number;
  readonly files: number;
}

const progress = eventBus<string, Progress>();
const feed = busEvents(progress, { toEvent: (message) => ({ event: "progress", data: JSON.stringify(message) }) });
const idOf = ({ routeParams }: Partial<RingRequest>): string => String(routeParams?.["id"]);

/** Percents that were told already, by request. */
const told = new WeakMap<object, number>();

function tell(request: Partial<RingRequest>, bytesRead: number, contentLength: number, files: number): void {
  // Without a length nobody knows how much is to come.
  const percent = contentLength > 0 ? Math.floor((100 * bytesRead) / contentLength) : 0;
  if (told.get(request) === percent) return;
  told.set(request, percent);
  progress.publish(idOf(request), { percent, files });
}

/** What the store made of each file; it would be deleted in an hour, and nobody needs it here. */
async function uploaded({ multipartParams }: RingRequest & MultipartParams): Promise<RingResponse> {
  const values = Object.values(multipartParams).flat();
  const files = values.filter((value): value is TempFile => typeof value === "object");
  await Promise.all(files.map(({ tempfile }) => rm(tempfile)));
  return json(files.map(({ filename, size }) => ({ filename, size })));
}

/** Part by part: what does not fit into memory is in a temporary file until it was read, which is when we say. */
async function checksums(request: RingRequest): Promise<RingResponse> {
  const [parts, cleanup] = decodeRequest(request, { memoryLimit: 1_048_576, manualCleanup: true });
  try {
    const sums: Record<string, string> = {};
    for await (const part of parts) {
      if (!part.isFile) continue;
      const hash = createHash("sha256");
      for await (const chunk of part.content) hash.update(chunk as Buffer);
      sums[part.partName] = `${hash.digest("hex")}, read from ${part.isMemory ? "memory" : "a temporary file"}`;
    }
    return json(sums);
  } finally {
    await cleanup();
  }
}

const app = express();
app.get(
  "/",
  ring(() => ({
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: new URL("pages/upload.html", import.meta.url),
  })),
);
app.get(
  "/progress/:id",
  ring((request) => sse(request, { feed, topics: [idOf(request)] }).response),
);
app.post("/upload/:id", ring(wrapMultipartParams(uploaded, { progressFn: tell, maxFileSize: 1_073_741_824 })));
app.post("/checksums", ring(checksums));

const server = app.listen(Number(process.env.PORT ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/ has a form that shows how far it is`);
});
