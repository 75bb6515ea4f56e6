/** What stands behind a handler: where the requests go that it passes on, as they came. */

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Server } from "node:net";
import { Upgrade } from "../../websocket/upgrade.js";

/** A listener of the events `request` and `upgrade`. */
type Listener = (this: unknown, ...args: readonly unknown[]) => void;

export interface Behind {
  request(req: IncomingMessage, res: ServerResponse): void;
  /** Does it do more with upgrade requests than answer them? */
  readonly takesUpgrades: boolean;
  /** Takes an upgrade request as Node gives it. */
  upgrade(...args: readonly unknown[]): void;
}

/** A function, or the listeners of a server, at the time of each request. */
export function behind(fallback: RequestListener | Server): Behind {
  if (typeof fallback === "function")
    return new ListenersBehind(
      undefined,
      () => [fallback as Listener],
      () => [],
    );
  return new ListenersBehind(
    fallback,
    () => fallback.listeners("request") as Listener[],
    () => fallback.listeners("upgrade") as Listener[],
  );
}

/** The listeners that a server has now; from now on they are not called by it. */
export function takeListeners(server: Server): Behind {
  const requests = server.rawListeners("request") as Listener[];
  const upgrades = server.rawListeners("upgrade") as Listener[];
  server.removeAllListeners("request");
  server.removeAllListeners("upgrade");
  return new ListenersBehind(
    server,
    () => requests,
    () => upgrades,
  );
}

class ListenersBehind implements Behind {
  readonly #server: Server | undefined;
  readonly #requests: () => readonly Listener[];
  readonly #upgrades: () => readonly Listener[];

  constructor(server: Server | undefined, requests: () => readonly Listener[], upgrades: () => readonly Listener[]) {
    this.#server = server;
    this.#requests = requests;
    this.#upgrades = upgrades;
  }

  get takesUpgrades(): boolean {
    return this.#upgrades().length > 0;
  }

  request(req: IncomingMessage, res: ServerResponse): void {
    const upgrade = this.takesUpgrades ? Upgrade.behind(res) : undefined;
    if (upgrade === undefined) for (const listener of this.#requests()) listener.call(this.#server, req, res);
    else {
      upgrade.handBack();
      this.upgrade(req, upgrade.socket, upgrade.head);
    }
  }

  upgrade(...args: readonly unknown[]): void {
    for (const listener of this.#upgrades()) listener.apply(this.#server, [...args]);
  }
}
