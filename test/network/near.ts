/** The side of the servers, for tests that cut the network: `near.ts <address>`, where Redis is, too. It tells its parent what it sees. */
import { createClient } from "redis";
import { redisEventBus } from "../../src/bus/index.js";
import { setLogger } from "../../src/errors/index.js";
import { startServer, websocketConnection } from "../../src/http/index.js";
import { router, type WebsocketClosing } from "../../src/index.js";
import { eventLog, redisEventLog, sse } from "../../src/sse/index.js";
import { connect, consume } from "../../src/stream/index.js";

// The tests cut on purpose.
setLogger(() => {});

export type NearOrder =
  /** An event of the log in memory, or of that in Redis. */
  { readonly append: string; readonly to: "memory" | "redis" } | { readonly publish: string };

export type NearReport =
  | { readonly port: number }
  | { readonly opened: true }
  | { readonly closed: WebsocketClosing; readonly at: number }
  | { readonly heard: string }
  | { readonly published: string; readonly outcome: unknown; readonly at: number };

const [address = ""] = process.argv.slice(2);
const report = (what: NearReport): void => void process.send?.(what);

const client = await createClient({ socket: { host: address } })
  .on("error", () => {})
  .connect();
const bus = redisEventBus<string, string>(client);
consume((heard) => report({ heard }), bus.subscribe("words"));
await bus.whenSubscribed("words");

const memory = eventLog();
const redis = redisEventLog(client, { key: "events" });
const server = await startServer(
  router({
    "GET /echo": async (request) => {
      const duplex = await websocketConnection(request, { heartbeats: { sendAfterIdle: 200, timeout: 300 } });
      report({ opened: true });
      duplex.closed.onRealized(
        (closed) => report({ closed, at: Date.now() }),
        () => {},
      );
      connect(duplex, duplex);
      return null;
    },
    "GET /events": (request) => sse(request, { feed: memory, heartbeat: 100, retry: 50 }).response,
  }),
  { socketAddress: { host: address, port: 0 } },
);

process.on("message", async (order: NearOrder) => {
  if ("append" in order) {
    await (order.to === "memory" ? memory : redis).append({ data: order.append });
    return;
  }
  const told = (outcome: unknown): void => report({ published: order.publish, outcome, at: Date.now() });
  await Promise.resolve(bus.publish("words", order.publish)).then(told, ({ code }: { code: unknown }) => told(code));
});
process.on("disconnect", () => process.exit());
report({ port: server.port });
