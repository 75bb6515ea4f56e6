/** Express 5 and Express 4 as hosts of the contract suites, and apps on free ports. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler, type Express } from "express";
import express4 from "express-4";
import { messageClasses, ring } from "../../src/index.js";
import type { Host, RunningHost } from "../contract/host.js";

export type ExpressFactory = typeof express;

/** Both versions, by name. */
export const versions: readonly (readonly [string, ExpressFactory])[] = [
  ["Express 5", express],
  ["Express 4", express4],
];

/** Serves an app; the errors that reach the end of it are collected. */
export async function listen(app: Express): Promise<RunningHost> {
  return listenOn(app, createServer(app));
}

/** As `listen`, on a server that was made for the app. */
export async function listenOn(app: Express, server: Server): Promise<RunningHost> {
  const errors: unknown[] = [];
  const collect: ErrorRequestHandler = (error: { status?: number }, _req, res, next) => {
    errors.push(error);
    if (res.headersSent) next(error);
    else res.status(error?.status ?? 500).send("failed");
  };
  app.use(collect);
  server.listen(0);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    errors,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Serves an app while `body` runs. */
export async function withApp(
  app: Express,
  body: (running: RunningHost & { url: string }) => Promise<void>,
): Promise<void> {
  const running = await listen(app);
  try {
    await body({ ...running, url: `http://localhost:${running.port}` });
  } finally {
    await running.close();
  }
}

const plain: readonly Host[] = versions.map(([name, create]) => ({
  name,
  statusOfNull: 404,
  start: (handler) => listen(create().use(ring(handler))),
}));

const withClasses: readonly Host[] = versions.map(([name, create]) => ({
  name: `${name} with messageClasses`,
  statusOfNull: 404,
  start: (handler) => {
    const app = create().use(ring(handler));
    return listenOn(app, createServer(messageClasses(app), app));
  },
}));

export const hosts: readonly Host[] = [...plain, ...withClasses];
