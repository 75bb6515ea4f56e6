/** The smallest hosts of handlers, straight on Node's servers. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { Exchange, serve, socketFacts, toRequest } from "../../src/message/index.js";
import type { Handler } from "../../src/ring/types.js";

export class BareExchange extends Exchange {
  readonly #errors: unknown[];

  constructor(req: IncomingMessage, res: ServerResponse, errors: unknown[]) {
    super(req, res);
    this.#errors = errors;
  }

  protected override pass(): void {
    this.res.writeHead(204).end();
  }

  protected override fail(error: unknown): void {
    this.#errors.push(error);
    this.res.writeHead(500).end("failed");
  }
}

/** Gives every request of a server to the handler, while `body` runs. */
export async function withServer(
  server: Server,
  handler: Handler,
  body: (running: { readonly port: number; readonly errors: unknown[] }) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  server.on("request", (req: IncomingMessage, res: ServerResponse) => {
    const exchange = new BareExchange(req, res, errors);
    serve(handler, toRequest(exchange, socketFacts(req)), exchange);
  });
  server.listen(0);
  await once(server, "listening");
  try {
    await body({ port: (server.address() as AddressInfo).port, errors });
  } finally {
    const closing = once(server, "close");
    server.close();
    (server as { closeAllConnections?: () => void }).closeAllConnections?.();
    await closing;
  }
}
