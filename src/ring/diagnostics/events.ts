/** What the kit tells those who watch it: the channels of `node:diagnostics_channel`, and what is published on them. */

import type { Deferred } from "../../deferred/index.js";
import type { Stream } from "../../stream/index.js";
import type { Handler, RingRequest } from "../types.js";

/**
 * A request that a handler was given; one object in all events of it, so it may be the key of a `WeakMap`.
 *
 * Where it goes through several handlers (mounts in Express that pass it on), `request`, `handler` and `route` are those of
 * the last one.
 */
export interface RequestEvent {
  /** As the adapter made it: it holds cookies and tokens, if the client sent any. */
  readonly request: RingRequest;
  readonly handler: Handler<never>;
  /**
   * The pattern that it was found by, as in "/users/:id": that of the kit's router, or Express's, where what a mount of Express has
   * taken stands as it was asked for. Undefined where there is none.
   */
  readonly route: string | undefined;
  /** When it began, by `performance.now()`. */
  readonly startTime: number;
  /** Milliseconds until the last byte was given to the operating system, or the client left; from `request:end` on. */
  readonly duration: number | undefined;
  /** From `request:end` on; undefined if the client left before it had one. */
  readonly status: number | undefined;
  /** Was the whole answer sent? From `request:end` on. */
  readonly isComplete: boolean | undefined;
  /** What the handler failed with, or its body; from `request:error` on. */
  readonly error: unknown;
}

/** What there is of a websocket for those who watch it. */
export interface WatchedWebsocket extends Stream<string | Uint8Array> {
  readonly protocol: string;
  readonly closed: Deferred<{ readonly code: number; readonly reason: string; readonly wasClean: boolean }>;
}

/** A websocket that was opened; one object in both events. */
export interface WebsocketEvent {
  readonly websocket: WatchedWebsocket;
  /** Who asked for it: the other side ("server"), or this one ("client")? */
  readonly side: "server" | "client";
  /** The request that it was; undefined on the client's side. */
  readonly request: RingRequest | undefined;
  /** Without query: a path on the server's side, a whole URL on the client's. */
  readonly url: string;
  /** When it was open, by `performance.now()`. */
  readonly startTime: number;
  /** Milliseconds that it was open; from `websocket:close` on. */
  readonly duration: number | undefined;
  /** 1005 if there was none, 1006 if the connection broke; from `websocket:close` on. */
  readonly code: number | undefined;
  readonly reason: string | undefined;
  readonly wasClean: boolean | undefined;
}

/** A request of the HTTP client's on its way to a server, each redirect and retry by itself; one object in all events. */
export interface ClientEvent {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  /** What will be sent: who listens to `client:start` may add to it, as tracing does. */
  readonly headers: Record<string, string | readonly string[]>;
  /** When it began, by `performance.now()`; the wait for a connection is in it. */
  readonly startTime: number;
  /** From `client:response` on. */
  readonly status: number | undefined;
  /** "HTTP/1.1" or "HTTP/2.0"; from `client:response` on. */
  readonly protocolVersion: string | undefined;
  /** Milliseconds until the whole body was there, or it failed; from `client:end` on. */
  readonly duration: number | undefined;
  /** With `client:error`. */
  readonly error: unknown;
}

/** The channels by name, and what is published on them. */
export interface DiagnosticsEvents {
  /** Before a handler is asked. */
  readonly "express-ring:request:start": RequestEvent;
  /** A handler, or the body of its answer, has failed; the end still follows. */
  readonly "express-ring:request:error": RequestEvent;
  /** The answer was sent, the client has left, or a websocket has become of it (status 101, over HTTP/2 200). */
  readonly "express-ring:request:end": RequestEvent;
  readonly "express-ring:websocket:open": WebsocketEvent;
  readonly "express-ring:websocket:close": WebsocketEvent;
  /** Before anything is sent, and before there is a connection. */
  readonly "express-ring:client:start": ClientEvent;
  /** The head of the answer is there. */
  readonly "express-ring:client:response": ClientEvent;
  /** The body is there as a whole; or its reader has left it, which is no error. */
  readonly "express-ring:client:end": ClientEvent;
  /** It failed, or was cancelled; then there is no end. */
  readonly "express-ring:client:error": ClientEvent;
}

/** What is published may be written to by those who publish, and nobody else. */
export type Writable<Event> = { -readonly [Key in keyof Event]: Event[Key] };
