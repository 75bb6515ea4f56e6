/** Requests through an Express app without a network: sockets that take everything, so that only the code is measured. */
import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import express, { type Express } from "express";
import { ring } from "express-ring";

export const operations = 100;

const rawHeaders = ["Host", "localhost:3000", "User-Agent", "bench", "Accept", "*/*"];
const type = "text/plain; charset=utf-8";
const text = "Hello, world!";

function makeSocket(): Socket {
  const socket = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => done(),
    writev: (_chunks, done) => done(),
  });
  return Object.assign(socket, { remoteAddress: "127.0.0.1", localPort: 80, setTimeout() {} }) as unknown as Socket;
}

function answer(app: Express, socket: Socket): Promise<number> {
  const request = Object.assign(new IncomingMessage(socket), {
    method: "GET",
    url: "/",
    httpVersion: "1.1",
    httpVersionMajor: 1,
    httpVersionMinor: 1,
    rawHeaders,
    headers: { host: "localhost:3000", "user-agent": "bench", accept: "*/*" },
  });
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  return new Promise((resolve) => {
    response.on("finish", () => {
      response.detachSocket(socket);
      resolve(response.statusCode);
    });
    app(request, response);
  });
}

function measured(mount: (app: Express) => void): () => Promise<number> {
  const app = express();
  mount(app);
  return async () => {
    const socket = makeSocket();
    let sum = 0;
    for (let request = 0; request < operations; request++) sum += await answer(app, socket);
    return sum;
  };
}

const rawApp = measured((app) =>
  app.get("/", (_request, response) => {
    response.writeHead(200, { "content-type": type, "content-length": text.length });
    response.end(text);
  }),
);

const sendApp = measured((app) => app.get("/", (_request, response) => void response.type("text/plain").send(text)));

const synchronousApp = measured((app) =>
  app.get(
    "/",
    ring(() => ({ status: 200, headers: { "content-type": type }, body: text })),
  ),
);

const asynchronousApp = measured((app) =>
  app.get(
    "/",
    ring(async () => ({ status: 200, headers: { "content-type": type }, body: text })),
  ),
);

export function raw(): Promise<number> {
  return rawApp();
}

export function send(): Promise<number> {
  return sendApp();
}

export function synchronous(): Promise<number> {
  return synchronousApp();
}

export function asynchronous(): Promise<number> {
  return asynchronousApp();
}
