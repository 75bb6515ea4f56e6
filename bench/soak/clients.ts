/** The clients of a soak, or some of them: `clients.js <order as JSON>`. */
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connectWebsocket, frame, TEXT } from "../raw-websocket.js";
import {
  type ClientsCommand,
  type ClientsOrder,
  type ClientsReport,
  PACES,
  type Pace,
  tally,
  textOf,
  Watch,
} from "./messages.js";

const { port, websockets, events } = JSON.parse(process.argv[2] ?? "{}") as ClientsOrder;

/** Connections that are opened at a time. */
const BATCH = 50;
/** Milliseconds between two reads of who reads slowly: half of what comes meanwhile, at most. */
const PAUSE = 1600;
/** Milliseconds that the last messages have to come. */
const PATIENCE = 60_000;

/** Makes so many of something, a few at a time. */
async function open<T>(count: number, one: (place: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  while (all.length < count) {
    const { length } = all;
    const batch = Math.min(BATCH, count - length);
    // oxlint-disable-next-line no-await-in-loop -- one batch after the other
    all.push(...(await Promise.all(Array.from({ length: batch }, (_, place) => one(length + place)))));
  }
  return all;
}

const { length: frameLength } = frame(TEXT, Buffer.from(textOf("broadcast", 0)), false);
const headLength = frameLength - textOf("broadcast", 0).length;

async function openWebsocket(): Promise<Watch> {
  const socket = await connectWebsocket(port, "/");
  const watch = new Watch();
  let rest: Buffer = Buffer.alloc(0);
  socket.on("data", (bytes: Buffer) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    for (; rest.length >= frameLength; rest = rest.subarray(frameLength)) {
      watch.see(rest.toString("latin1", headLength, frameLength));
    }
  });
  socket.resume();
  return watch;
}

interface Listener {
  readonly pace: Pace;
  readonly watch: Watch;
  readonly leave: () => void;
}

let isFinishing = false;

async function listen(place: number): Promise<Listener> {
  const pace = PACES[place % PACES.length] as Pace;
  const asked = get({ port, path: "/events", agent: false });
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const watch = new Watch();
  let rest = "";
  response.setEncoding("latin1").on("data", (text: string) => {
    const parts = (rest + text).split("\n\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      const [, data] = /^data: (.*)$/m.exec(part) ?? [];
      if (data !== undefined) watch.see(data);
    }
    if (pace !== "slow" || isFinishing) return;
    response.pause();
    setTimeout(() => response.resume(), PAUSE);
  });
  response.on("error", () => {});
  return { pace, watch, leave: () => response.destroy() };
}

const sockets = await open(websockets, openWebsocket);
const listeners = await open(events, listen);
process.send?.("open");

async function finish(sent: Extract<ClientsCommand, { command: "finish" }>): Promise<ClientsReport> {
  isFinishing = true;
  const stayed = listeners.filter(({ pace }) => pace !== "leaving");
  const watches = stayed.map(({ watch }) => watch);
  const isThere = (): boolean =>
    sockets.every(({ received }) => received >= sent.broadcasts) &&
    watches.every(({ received }) => received >= sent.events);
  const patience = performance.now() + PATIENCE;
  // oxlint-disable-next-line no-await-in-loop -- until all have all
  while (!isThere() && performance.now() < patience) await new Promise((resolve) => setTimeout(resolve, 20));
  const prompt = stayed.filter(({ pace }) => pace === "prompt").map(({ watch }) => watch);
  return { websockets: tally(sockets, sent.broadcasts), events: tally(watches, sent.events, prompt) };
}

process.on("message", async (command: ClientsCommand) => {
  if (command.command === "leave") {
    for (const { pace, leave } of listeners) if (pace === "leaving") leave();
  } else process.send?.(await finish(command));
});
process.once("disconnect", () => process.exit());
