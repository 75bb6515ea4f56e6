import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Cancel, currentClock } from "../clock/index.js";
import type { Closing } from "../message/index.js";
import type { Keeper, Websocket } from "./duplex.js";
import { connectionUnder } from "./raw-socket.js";

/** How the open websockets of a server are treated. */
export interface OpenWebsocketsOptions {
  /** Milliseconds that the clients have to answer when the server closes. */
  readonly closeTimeout: number;
  /** Milliseconds without a byte, after which one is cut off; 0 is never. */
  readonly idleTimeout: number;
  /** What the clients are told when the server closes. */
  readonly closeCode: number;
}

/** Who counts the connections of a server. */
export interface ConnectionKeeper {
  /** The connection has become a websocket: `forget` is called when it is closed, so nobody need listen for that. */
  entrust(connection: Duplex): void;
  forget(connection: Duplex): void;
}

/** The open websockets of one server. */
export class OpenWebsockets implements Keeper {
  readonly #open = new Set<Websocket>();
  readonly #closing: Closing;
  readonly #options: OpenWebsocketsOptions;
  readonly #connections: ConnectionKeeper | undefined;

  constructor(closing: Closing, options: OpenWebsocketsOptions, connections?: ConnectionKeeper) {
    this.#closing = closing;
    this.#options = options;
    this.#connections = connections;
    closing.onBegin(() => {
      for (const websocket of this.#open) this.#sendAway(websocket);
    });
  }

  add(websocket: Websocket): void {
    if (websocket.hasEnded) return;
    this.#open.add(websocket);
    websocket.keeper = this;
    this.#connections?.entrust(connectionUnder(websocket.raw));
    const { idleTimeout } = this.#options;
    // `ws` has switched the one of Node's server off.
    if (idleTimeout > 0) (connectionUnder(websocket.raw) as Socket).setTimeout(idleTimeout, () => websocket.cut());
    // Its handshake was under way when the server began to close.
    if (this.#closing.hasBegun) this.#sendAway(websocket);
  }

  forget(websocket: Websocket): void {
    this.#open.delete(websocket);
    this.#connections?.forget(connectionUnder(websocket.raw));
  }

  /** Tells a client that the server goes away. */
  #sendAway(websocket: Websocket): void {
    const { closeCode, closeTimeout } = this.#options;
    websocket.closeWith(closeCode, "");
    const cancel: Cancel = currentClock().in(closeTimeout, () => websocket.cut());
    websocket.closed.onRealized(cancel, () => {});
  }
}
