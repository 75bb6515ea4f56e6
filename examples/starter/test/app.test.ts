import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { websocketClient } from "express-ring/http";
import { eventSource } from "express-ring/sse";
import { createApp } from "../src/app.js";

let server: Server;
let address: string;

before(async () => {
  server = createApp().listen(0);
  await once(server, "listening");
  address = `localhost:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`http://${address}${path}`, init);
const post = (text: string): Promise<Response> =>
  ask("/notes", { method: "POST", headers: { "content-type": "application/json" }, body: text });

test("notes are kept", async () => {
  const added = await post('{"text":"Buy tea"}');
  assert.equal(added.status, 201);
  const found = await ask(added.headers.get("location") ?? "");
  assert.deepEqual(await found.json(), { id: 1, text: "Buy tea" });
});

test("what is malformed, and what is not there, is answered as such", async () => {
  assert.equal((await post('{"text":')).status, 400);
  assert.equal((await ask("/notes/100")).status, 404);
  assert.equal((await ask("/nowhere")).status, 404);
});

test("it says that it is well", async () => {
  const response = await ask("/health");
  assert.equal(await response.text(), "ok\n");
  assert.equal(response.headers.get("x-powered-by"), null);
});

test("the clock tells the time", async () => {
  const times = eventSource(`http://${address}/clock`);
  const event = await times.take();
  assert.equal(event?.event, "time");
  assert.ok(Date.parse(event?.data ?? "") > 0);
  times.close();
});

test("the websocket says again what it hears", async () => {
  const duplex = await websocketClient(`ws://${address}/echo`);
  await duplex.put("tea");
  assert.equal(await duplex.take(), "TEA");
  duplex.close();
});
