/** Servers that begin to close, and who is told: whatever would not end by itself. */

import type { IncomingMessage } from "node:http";
import type { Server } from "node:net";

/** Tells when one server begins to close. */
export class Closing {
  #hasBegun: boolean;
  readonly #told = new Set<() => void>();

  constructor(server: Server) {
    this.#hasBegun = wasClosed(server);
    const close = server.close.bind(server);
    server.on("listening", () => {
      this.#hasBegun = false;
    });
    server.close = (callback) => {
      this.#begin();
      return close(callback);
    };
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Calls `f` when it begins. @returns a function that undoes it */
  onBegin(f: () => void): () => void {
    this.#told.add(f);
    return () => void this.#told.delete(f);
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    // Whoever is told takes itself away.
    for (const f of this.#told) f();
  }
}

/** Was it closed before anybody asked? A server that is fed by another one has never listened. */
function wasClosed(server: Server): boolean {
  const { _connectionKey } = server as { readonly _connectionKey?: string };
  return _connectionKey !== undefined && !server.listening;
}

const known = new WeakMap<Server, Closing>();

/** Of each server there is one. */
export function closingOf(server: Server): Closing {
  const found = known.get(server);
  if (found !== undefined) return found;
  const closing = new Closing(server);
  known.set(server, closing);
  return closing;
}

/** The server that a request came to, where Node says so; requests of mocks and of fetch came to none. */
export function serverOf({ socket }: IncomingMessage): Server | undefined {
  return (socket as { readonly server?: Server } | null)?.server;
}
