/**
 * A process of its own with a bus over Redis, for the tests: `fork(peer.ts, [port])`. It does what its parent tells it to,
 * answers each with what came of it, and tells of every message that arrives.
 */
import { createClient } from "redis";
import { publish, redisEventBus, subscribe } from "../../src/bus/index.js";
import { setLogger } from "../../src/errors/index.js";
import { consume } from "../../src/stream/index.js";

// The tests kill the server on purpose.
setLogger(() => {});

/** What the parent tells. */
export type Order =
  | { readonly order: "subscribe"; readonly topic: string }
  | { readonly order: "publish"; readonly topic: string; readonly messages: readonly unknown[] };

/** What the peer tells. */
export type Report =
  | { readonly report: "ready" | "subscribed" }
  | { readonly report: "published"; readonly heard: readonly boolean[] }
  | { readonly report: "message"; readonly topic: string; readonly message: unknown };

const client = createClient({ socket: { port: Number(process.argv[2]) } });
client.on("error", () => {});
await client.connect();
const bus = redisEventBus(client);
const report = (what: Report): void => void process.send?.(what);

process.on("message", async (order: Order) => {
  const { topic } = order;
  if (order.order === "subscribe") {
    consume((message) => report({ report: "message", topic, message }), subscribe(bus, topic));
    await bus.whenSubscribed(topic);
    report({ report: "subscribed" });
    return;
  }
  report({
    report: "published",
    heard: await Promise.all(order.messages.map((message) => publish(bus, topic, message))),
  });
});

process.on("disconnect", () => {
  bus.close();
  client.destroy();
});
report({ report: "ready" });
