/** The side of the clients, for tests that cut the network: `far.ts <address of the other side> <port of its server>`. */
import { createClient } from "redis";
import { redisEventBus } from "../../src/bus/index.js";
import { setLogger } from "../../src/errors/index.js";
import { reconnectingWebsocketClient } from "../../src/http/index.js";
import { eventSource, redisEventLog, sse } from "../../src/sse/index.js";
import { consume, type Source } from "../../src/stream/index.js";

const report = (what: FarReport): void => void process.send?.(what);

export type FarOrder = { readonly say: string } | { readonly publish: string };

export type FarReport =
  | { readonly ready: true }
  /** What was logged: a connection that is found lost, say. */
  | { readonly logged: string; readonly at: number }
  | { readonly connected: true }
  | { readonly disconnected: number; readonly at: number }
  | { readonly echoed: string }
  | { readonly event: string }
  | { readonly loss: unknown; readonly at: number }
  | { readonly heard: string }
  | { readonly gap: { readonly since: number; readonly until: number } }
  | { readonly published: string; readonly outcome: unknown; readonly at: number }
  /** What a response here is fed from the log in Redis. */
  | { readonly replayed: string };

setLogger((_level, _error, logged) => report({ logged, at: Date.now() }));

const [address = "", port] = process.argv.slice(2);

const socket = reconnectingWebsocketClient(`ws://${address}:${port}/echo`, {
  heartbeats: { sendAfterIdle: 200, timeout: 300 },
  connectTimeout: 500,
  handshakeTimeout: 500,
  backoff: { initial: 50, max: 200 },
  onConnect: () => report({ connected: true }),
  onDisconnect: ({ code }) => report({ disconnected: code, at: Date.now() }),
});
consume((text) => report({ echoed: String(text) }), socket);

const events = eventSource(`http://${address}:${port}/events`, {
  idleTimeout: 500,
  retryDelay: 50,
  maxRetryDelay: 200,
  onLoss: ({ error }) => report({ loss: (error as { code?: unknown } | undefined)?.code, at: Date.now() }),
});
consume(({ event, data }) => report({ event: event === "message" ? data : event }), events);

// As docs/realtime.md says it: a connection that is silent though it is asked for a sign of life is given up.
const client = await createClient({
  // By default a client comes back after all losses but this one.
  socket: {
    host: address,
    connectTimeout: 500,
    socketTimeout: 2500,
    reconnectStrategy: (retries) => Math.min(2 ** retries * 50, 500),
  },
  pingInterval: 500,
})
  .on("error", () => {})
  .connect();
const bus = redisEventBus<string, string>(client, {
  checkInterval: 300,
  publishTimeout: 500,
  onGap: ({ since, until }) => report({ gap: { since, until } }),
});
consume((heard) => report({ heard }), bus.subscribe("words"));
await bus.whenSubscribed("words");

const log = redisEventLog(client, { key: "events" });
const request = { headers: {} } as Parameters<typeof sse>[0];
const { response } = sse(request, { feed: log, heartbeat: null });
consume(
  (text) => {
    for (const [, data = ""] of Buffer.from(text)
      .toString()
      .matchAll(/^data: (.*)$/gm))
      report({ replayed: data });
  },
  response.body as Source<string | Uint8Array>,
);
await log.whenReady();

process.on("message", async (order: FarOrder) => {
  if ("say" in order) {
    await socket.put(order.say);
    return;
  }
  const told = (outcome: unknown): void => report({ published: order.publish, outcome, at: Date.now() });
  await Promise.resolve(bus.publish("words", order.publish)).then(told, ({ code }: { code: unknown }) => told(code));
});
process.on("disconnect", () => process.exit());
while (socket.state !== "open" || events.lastEventId === "") await new Promise((resolve) => setTimeout(resolve, 10));
report({ ready: true });
