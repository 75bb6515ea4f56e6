import type { Server } from "node:http";
import express from "express";
import { ring } from "express-ring";
import { close, put, type Stream, stream } from "express-ring/stream";

const headers = { "content-type": "text/plain; charset=utf-8" };
const line = `${"x".repeat(63)}\n`;

export function startAwaiting(): Server {
  return serve(() => {
    const body = stream<string>();
    putAll(body);
    return body;
  });
}

async function putAll(body: Stream<string>): Promise<void> {
  for (let message = 0; message < 100; message++) {
    if (!(await put(body, line))) return;
  }
  close(body);
}

export function startFilled(): Server {
  return serve(() => {
    const body = stream<string>(100);
    for (let message = 0; message < 100; message++) put(body, line);
    close(body);
    return body;
  });
}

function serve(makeBody: () => Stream<string>): Server {
  const app = express();
  app.get(
    "/",
    ring(() => ({ status: 200, headers, body: makeBody() })),
  );
  return app.listen(0);
}
