/** The handlers that servers and apps have given requests to, and where. */

import type { RingRequest } from "../ring/types.js";
import { handlersIn, type Stack, stackOf } from "./stacks.js";

export interface Mount {
  /** "GET /users/:id", "/api/*"; what a client has asked for stands nowhere in it. */
  readonly where: string;
  readonly stack: Stack;
}

/** Handlers that are kept. */
const MOST = 200;

export class Mounts {
  readonly #whereabouts = new Map<object, string>();

  /** @param route The pattern it was found by, or that a router in it has found. */
  add(handler: object, request: RingRequest | undefined, route: string | undefined): void {
    if (this.#whereabouts.has(handler) && this.#whereabouts.get(handler) !== ANYWHERE) return;
    if (this.#whereabouts.size >= MOST) return;
    this.#whereabouts.set(handler, whereOf(handler, request, route));
  }

  /** Where requests have come to a handler; undefined if none has. */
  whereOf(handler: object): string | undefined {
    return this.#whereabouts.get(handler);
  }

  /** Those that have been asked, and those that stand in none of these; without those that are shown elsewhere. */
  list(shown: ReadonlySet<unknown>): Mount[] {
    const parts = new Set<unknown>();
    for (const handler of this.#whereabouts.keys()) {
      for (const part of handlersIn(handler)) if (part !== handler) parts.add(part);
    }
    return [...this.#whereabouts]
      .filter(([handler, where]) => !shown.has(handler) && (where !== ANYWHERE || !parts.has(handler)))
      .map(([handler, where]) => ({ where, stack: stackOf(handler) }));
  }
}

/** Of one that has not seen a request yet. */
const ANYWHERE = "";

function whereOf(handler: object, request: RingRequest | undefined, route: string | undefined): string {
  if (request === undefined) return ANYWHERE;
  if (route === undefined || stackOf(handler).routes.length > 0) return `${request.context ?? ""}/*`;
  return `${request.requestMethod.toUpperCase()} ${route}`;
}
