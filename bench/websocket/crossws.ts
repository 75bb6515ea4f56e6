import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { load } from "../servers/untyped.js";

/** The part that is used here. */
interface Crossws {
  readonly default: (options: {
    readonly hooks: { message(peer: { send(text: string): unknown }, message: { text(): string }): void };
  }) => { handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): unknown };
}

export async function start(): Promise<Server> {
  const { default: crossws } = await load<Crossws>("crossws/adapters/node");
  const adapter = crossws({
    hooks: {
      // As most of its users do: a message is text unless it is asked for as something else.
      message: (peer, message) => void peer.send(message.text()),
    },
  });
  const server = createServer();
  server.on("upgrade", (request, socket, head) => void adapter.handleUpgrade(request, socket, head));
  return server.listen(0);
}
