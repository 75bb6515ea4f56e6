import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createApp } from "./app.js";

/** How long responses that do not end by themselves, such as the clock, may go on after `stop`, in milliseconds. */
const GRACE = 500;

export interface Demo {
  readonly url: string;
  /** Takes no more requests, lets those under way end, and says goodbye to websockets. */
  stop(): Promise<void>;
}

/** Starts the demo. Port 0 finds a free one. */
export async function start(port: number): Promise<Demo> {
  const server = createApp().listen(port);
  await once(server, "listening");
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    async stop() {
      server.close();
      setTimeout(() => server.closeAllConnections(), GRACE).unref();
      await once(server, "close");
    },
  };
}
