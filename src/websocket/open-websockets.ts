import { type Cancel, currentClock } from "../clock/index.js";
import type { Websocket } from "./duplex.js";

/** The close code of a server that goes away. */
const GOING_AWAY = 1001;

/** The open websockets of one server. */
export class OpenWebsockets {
  readonly #open = new Set<Websocket>();
  readonly #closeTimeout: number;
  #isClosing = false;

  /** @param closeTimeout milliseconds that the clients have to answer when the server closes */
  constructor(closeTimeout: number) {
    this.#closeTimeout = closeTimeout;
  }

  add(websocket: Websocket): void {
    this.#open.add(websocket);
    websocket.closed.onRealized(
      () => this.#open.delete(websocket),
      () => {},
    );
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
