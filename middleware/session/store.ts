/** Where sessions are kept. Source: `ring.middleware.session.store`. */

import type { Awaitable } from "../../src/deferred/index.js";
import { RingError } from "../../src/errors/index.js";

/** The data of a session: a map, never changed in place. */
export type SessionData = Readonly<Record<string, unknown>>;

/**
 * Keeps the data of sessions under keys, which travel in the client's cookie. It answers at once, or later.
 *
 * Keys come from clients and can be anything. A throw or a rejection is a store that fails: `wrapSession` answers it with
 * status 503, or as its `onStoreError` says.
 *
 * @example
 * const sessions = new Map();
 * const store = {
 *   readSession: async (key = "") => sessions.get(key),
 *   writeSession: async (key = crypto.randomUUID(), data = {}) => {
 *     sessions.set(key, data);
 *     return key;
 *   },
 *   deleteSession: async (key = "") => void sessions.delete(key),
 * };
 * const app = wrapSession(handler, { store });
 * @see Source: `ring.middleware.session.store/SessionStore`. Differs: answers may come later; `touchSession`.
 */
export interface SessionStore {
  /** The data under a key; nothing if there is none, and for no key. */
  readSession(key: string | undefined): Awaitable<SessionData | null | undefined>;
  /**
   * Keeps data under a key and answers the key it is under from now on, which may be another one. Without a key the
   * session is a new one and gets a key that nobody can guess.
   */
  writeSession(key: string | undefined, data: SessionData): Awaitable<string | null | undefined>;
  /** Forgets what is under a key; a key that it answers is sent to the client in place of the old one. */
  deleteSession(key: string | undefined): Awaitable<string | null | undefined | void>;
  /** Called when a session was read and not changed, by stores in which sessions expire. */
  touchSession?(key: string, data: SessionData): Awaitable<unknown>;
}

/** The data of a session cannot be kept as it is. Code `RING_SESSION_DATA`. */
export class SessionDataError extends RingError {
  constructor(message: string, cause?: unknown) {
    super("RING_SESSION_DATA", message, { cause });
  }
}
