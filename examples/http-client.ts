/**
 * The HTTP client, against a server that this program starts itself: JSON, a download that streams, cookies, an upload, and what
 * happens if something takes too long. What it does is printed; the server goes on until it is stopped.
 *
 *     npm run example http-client
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { type RingRequest, type RingResponse, ring } from "express-ring";
import * as http from "express-ring/http";
import { type Cookies, wrapCookies } from "express-ring/middleware/cookies";

const app = express();

const json = (value: unknown): RingResponse => ({
  status: 200,
  headers: { "content-type": "application/json", "cache-control": "max-age=60" },
  body: JSON.stringify(value),
});

app.get(
  "/user",
  ring(() => json({ name: "Ada", born: 1815 })),
);

function* fiveMegabytes(): Generator<Uint8Array> {
  for (let chunk = 0; chunk < 80; chunk++) yield Buffer.alloc(65_536, "ring ");
}

app.get(
  "/download",
  ring(() => ({ status: 200, headers: { "content-length": 80 * 65_536 }, body: fiveMegabytes() })),
);

app.post("/login", ring(wrapCookies(() => ({ status: 303, headers: { location: "/me" }, cookies: { user: "ada" } }))));
app.get("/me", ring(wrapCookies(({ cookies }: RingRequest & Cookies) => json({ user: cookies["user"]?.value }))));

// Parts come one by one: the file is on disk, or in memory if it is small, until it was read.
app.post(
  "/photos",
  ring(async (request) => {
    const seen: string[] = [];
    for await (const part of http.decodeRequest(request, { maxPartSize: 10_000_000 })) {
      seen.push(
        part.isFile ? `${part.name}: ${part.mimeType}, ${part.size} bytes` : `${part.partName}: ${part.content}`,
      );
    }
    return json(seen);
  }),
);

app.get(
  "/slow",
  ring(async () => {
    await sleep(1000, undefined, { ref: false });
    return json("at last");
  }),
);

/** The options that all requests have: a client of its own, with its own pool, cache and cookies. */
const api = http.client({
  pool: http.connectionPool({ connectionsPerHost: 4, cache: http.httpCache() }),
  cookieStore: http.inMemoryCookieStore(),
  headers: { "user-agent": "express-ring's example" },
});

async function talk(url: string): Promise<void> {
  const { body: user } = await api.get(`${url}/user`, { as: "json" });
  const { cached } = await api.get(`${url}/user`, { as: "json" });
  console.log("JSON:", user, "and again:", cached);

  // The body is a stream, read as fast as the loop goes; the rest waits in the server.
  let halfway = false;
  const { body: download } = await api.get(`${url}/download`, {
    onProgress: ({ bytes, total = 0 }) => {
      if (halfway || bytes < total / 2) return;
      halfway = true;
      console.log(`download: ${bytes > 0 ? "half" : "none"} of ${total} bytes`);
    },
  });
  let read = 0;
  for await (const chunk of download) read += (chunk as Buffer).length;
  console.log(`download: all ${read} bytes`);

  // The cookie is set on the way, by the redirect, and sent to where that leads.
  const { body: me, traceRedirects } = await api.post(`${url}/login`, { as: "json" });
  console.log("cookies:", me, "by way of", traceRedirects);

  const { body: parts } = await api.post(`${url}/photos`, {
    as: "json",
    multipart: [
      { partName: "title", content: "The engine" },
      { partName: "photo", fileName: "engine.png", mimeType: "image/png", content: fiveMegabytes() },
    ],
  });
  console.log("upload:", parts);

  try {
    await api.get(`${url}/slow`, { requestTimeout: 100 });
  } catch (error) {
    console.log("too slow:", (error as { code?: string }).code);
  }
}

const server = app.listen(Number(process.env.PORT ?? 3000));
await once(server, "listening");
const url = `http://localhost:${(server.address() as AddressInfo).port}`;
console.log(`${url} is the server`);
await talk(url);
