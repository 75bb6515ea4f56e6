/**
 * One process of several that broadcast in a room and append to a log, all of them without rest: `herald.ts <name> <Redis's
 * port> <how many there are>`. It keeps an account of what became of each message, which it gives to its parent in the end; to hear them, clients
 * come by websocket and event stream.
 */
import { createClient } from "redis";
import { type Gap, redisEventBus } from "../../src/bus/index.js";
import { setLogger } from "../../src/errors/index.js";
import { startServer, websocketConnection } from "../../src/http/index.js";
import { router } from "../../src/index.js";
import { type RoomMessage, type RoomsStats, rooms } from "../../src/rooms/index.js";
import { type RedisEventLogStats, redisEventLog, sse } from "../../src/sse/index.js";

// The tests kill on purpose.
setLogger(() => {});

/** A message, and what its publisher was told: true, false, or the code of an error. */
export interface Said {
  readonly text: string;
  /** When it was given away, and when the answer came; as `Date.now` has it. */
  readonly from: number;
  readonly to: number;
  readonly outcome: unknown;
}

export interface Account {
  readonly said: readonly Said[];
  readonly appended: readonly Said[];
  readonly gaps: readonly Gap<string>[];
  readonly failed: number;
  readonly rooms: RoomsStats;
  readonly log: RedisEventLogStats;
}

/** What the parent orders: to begin, to say the last words once all is well, or to give the account. */
export type Order = "speak" | "last words" | "account";

/** What the parent is told: the port to come to, that connections are back after a loss, that all was said; or the account. */
export type Report = { readonly port: number } | "gap" | "done" | Account;

const [name = "", redisPort, heralds] = process.argv.slice(2);
const report = (what: Report): void => void process.send?.(what);

const client = await createClient({ socket: { port: Number(redisPort), reconnectStrategy: 50 } })
  .on("error", () => {})
  .connect();
const gaps: Gap<string>[] = [];
const bus = redisEventBus<string, RoomMessage<string>>(client, {
  publishTimeout: 1000,
  onGap(gap) {
    gaps.push(gap);
    report("gap");
  },
});
const chat = rooms<string>(bus, { presenceInterval: 300, presenceTimeout: 1000 });
const log = redisEventLog(client, { key: "heralds", appendTimeout: 1000 });

const server = await startServer(
  router({
    "GET /hall": async (request) => {
      const duplex = await websocketConnection(request);
      await chat.join("hall", duplex, { overflow: "block" }).joined;
      await duplex.put("welcome");
      return null;
    },
    "GET /news": (request) => sse(request, { feed: log, retry: 20, heartbeat: 100 }).response,
  }),
  { port: 0 },
);
await log.whenReady();

const said: Said[] = [];
const appended: Said[] = [];
const open = new Set<Promise<unknown>>();

function keepAccount(account: Said[], text: string, telling: PromiseLike<unknown>): void {
  const from = Date.now();
  const told = (outcome: unknown): void => void account.push({ text, from, to: Date.now(), outcome });
  const settled = Promise.resolve(telling).then(told, ({ code }: { code?: unknown }) => told(code));
  open.add(settled);
  void settled.then(() => open.delete(settled));
}

let count = 0;
let isSpeaking = false;
const speaking = setInterval(() => {
  if (!isSpeaking) return;
  const text = `${name} ${count++}`;
  keepAccount(said, text, chat.broadcast("hall", text));
  keepAccount(appended, text, log.append({ data: text }));
}, 4);

async function lastWords(): Promise<void> {
  clearInterval(speaking);
  while (open.size > 0) await Promise.all(open);
  const text = `${name} last`;
  keepAccount(said, text, chat.broadcast("hall", text));
  keepAccount(appended, text, log.append({ data: text }));
  while (open.size > 0) await Promise.all(open);
  // All of them are counted again.
  while (chat.count("hall") !== Number(heralds)) await new Promise((resolve) => setTimeout(resolve, 20));
  report("done");
}

process.on("message", async (order: Order) => {
  if (order === "speak") isSpeaking = true;
  else if (order === "last words") await lastWords();
  else {
    const { failed } = bus.stats();
    const stats = { rooms: chat.stats(), log: log.stats() };
    report({ said, appended, gaps, failed, ...stats });
  }
});
process.on("disconnect", () => process.exit());
report({ port: server.port });
