import type { Task } from "../deferred/core.js";
import { logError } from "../errors/index.js";

/** Calls a function of somebody else when its turn comes; a throw is logged. */
export class CallbackTask implements Task {
  readonly #callback: () => void;

  constructor(callback: () => void) {
    this.#callback = callback;
  }

  run(): void {
    try {
      this.#callback();
    } catch (error) {
      logError(error, "error in a callback of a stream");
    }
  }
}
