import type { Socket } from "node:net";
import { type Cancel, currentClock } from "../clock/index.js";
import type { Websocket } from "./duplex.js";
import { connectionUnder } from "./raw-socket.js";

/** The close code of a server that goes away. */
const GOING_AWAY = 1001;

/** The open websockets of one server. */
export class OpenWebsockets {
  readonly #open = new Set<Websocket>();
  readonly #closeTimeout: number;
  readonly #idleTimeout: number;
  #isClosing = false;

  /**
   * @param closeTimeout milliseconds that the clients have to answer when the server closes
   * @param idleTimeout milliseconds without a byte, after which one is cut off; 0 is never
   */
  constructor(closeTimeout: number, idleTimeout: number) {
    this.#closeTimeout = closeTimeout;
    this.#idleTimeout = idleTimeout;
  }

  add(websocket: Websocket): void {
    this.#open.add(websocket);
    websocket.closed.onRealized(
      () => this.#open.delete(websocket),
      () => {},
    );
    // `ws` has switched the one of Node's server off.
    if (this.#idleTimeout > 0)
      (connectionUnder(websocket.raw) as Socket).setTimeout(this.#idleTimeout, () => websocket.cut());
    // Its handshake was under way when the server began to close.
    if (this.#isClosing) this.#sendAway(websocket);
  }

  /** Tells all clients that the server goes away. */
  closeAll(): void {
    this.#isClosing = true;
    for (const websocket of this.#open) this.#sendAway(websocket);
  }

  /** The server listens again. */
  reopen(): void {
    this.#isClosing = false;
  }

  #sendAway(websocket: Websocket): void {
    websocket.closeWith(GOING_AWAY, "");
    const cancel: Cancel = currentClock().in(this.#closeTimeout, () => websocket.cut());
    websocket.closed.onRealized(cancel, () => {});
  }
}
