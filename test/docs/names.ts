/** What the examples in docstrings take for granted: names that stand for a reader's own code. */
import { Duplex, Readable } from "node:stream";
import express from "express";
import "express-session";
import { eventBus } from "../../src/bus/index.js";
import { deferred } from "../../src/deferred/index.js";
import type { Handler, RequestBody, RingRequest, RingResponse } from "../../src/ring/types.js";
import { stream, toSource } from "../../src/stream/index.js";
import type { WebsocketDuplex } from "../../src/websocket/types.js";

export { AsyncLocalStorage } from "node:async_hooks";
export { createReadStream, createWriteStream, readFile, writeFileSync } from "node:fs";
export { default as https } from "node:https";
export { createInterface } from "node:readline";
export { pipeline } from "node:stream";
export { RedisStore } from "connect-redis";
export { default as cors } from "cors";
export { default as expressWs } from "express-ws";
export { default as helmet } from "helmet";
export { createClient } from "redis";
export { bufferTime, from, interval } from "rxjs";
export * as http from "../../src/http/index.js";
export { express };

export const app = express();
export const handler: Handler = () => ({ status: 200, headers: {}, body: "hello" });
export const request: RingRequest & { readonly body: RequestBody } = {
  serverPort: 80,
  serverName: "localhost",
  remoteAddr: "127.0.0.1",
  uri: "/",
  scheme: "http",
  requestMethod: "get",
  protocol: "HTTP/1.1",
  headers: {},
  body: "hello",
};
export const toResponse = async (answer: Response): Promise<RingResponse> => ({ body: await answer.text() });
export const upstream = "http://localhost:3001/";
export const version = '"1"';

export interface User {
  readonly id: string;
  readonly name: string;
}
export const id = "7";
export const guest: User = { id: "0", name: "guest" };
export const loadUser = async (id: string): Promise<User> => ({ id, name: "Ada" });
export const loadAds = async (): Promise<readonly string[]> => ["an ad"];
export const loadPosts = async (user: User): Promise<readonly string[]> => [`a post of ${user.id}`];
export const loadPrices = async (_user: User): Promise<readonly number[]> => [7, 8];
export const greet = async (name: string): Promise<string> => `hello ${name}`;
export const loadPrice = async (_id: string): Promise<number> => 7;
export const page = (user: User, ads: readonly string[], posts: readonly string[] = []): string =>
  [user.name, ...ads, ...posts].join();

export const d = deferred<number>();
export const ask = () => deferred<string>();
export const handle = { close: (): void => {} };
export const render = async (_handle: unknown): Promise<string> => "a page";

export const message = 1;
export const url = "ws://localhost:3001/";
export const socket = new Duplex();
export const protocol = stream<Uint8Array>();
export const prices = toSource([7, 8]);
export const draw = (_prices: readonly number[]): void => {};
export const numbers = toSource([1, 2, 3]);
export const names = toSource(["one", "two"]);
export const lines = toSource(["one line", "two lines"]);
export const requests = toSource([request]);
export const rows = toSource([["a", 1]]);
export const input = Readable.from(["one line\n", "two lines\n"]);
export const source = toSource([1, 2, 3]);
export const sink = stream<number>();
export const incoming = stream<string>();
export const outgoing = stream<string>();
export const bus = eventBus<string, number>();
export const database = { insert: async (_row: unknown): Promise<void> => {} };
export const stop = (): void => {};

const report = (_details: object, _message: string): void => {};
export const log = { warn: report, error: report };
export const metrics = { increment: (_name: string, _details: object): void => {} };

export const key = "a private key";
export const cert = "a certificate";
/** Examples that use it are only type-checked: a websocket needs a server. */
export declare const duplex: WebsocketDuplex;
export const join = async (
  _room: string | readonly string[] | undefined,
  _duplex: WebsocketDuplex,
): Promise<void> => {};
