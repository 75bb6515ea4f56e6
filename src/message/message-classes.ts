import { IncomingMessage, type RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** An Express app, as far as it is used here: what its requests and responses inherit from. */
export interface AppOfMessages extends RequestListener {
  readonly request: object;
  readonly response: object;
}

/** Options of `http.createServer` and `https.createServer`. */
export interface MessageClasses {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
}

/**
 * The classes of an Express app's requests and responses, for `http.createServer` and `https.createServer`: the server then
 * makes them as the app wants to have them, which on Node 20 and 22 spares an app more than half of what a small request costs.
 *
 * Express gives every request and every response another prototype (`app.request`, `app.response`). What has that prototype
 * already is left alone. Nothing else is different; a mounted sub-app still changes what goes through it. Node 24 and later
 * are as fast without.
 *
 * @example
 * const server = https.createServer({ key, cert, ...messageClasses(app) }, app);
 * server.listen(443);
 * @see Source: none; Node's options `IncomingMessage` and `ServerResponse`. `withMessageClasses` does it for `app.listen`,
 *   `startServer` for its `fallback`.
 */
export function messageClasses(app: AppOfMessages): MessageClasses {
  function Request(this: IncomingMessage, socket: Socket): void {
    (IncomingMessage as unknown as (this: IncomingMessage, socket: Socket) => void).call(this, socket);
  }
  function Response(this: ServerResponse, ...args: readonly unknown[]): void {
    (ServerResponse as unknown as (this: ServerResponse, ...args: readonly unknown[]) => void).apply(this, args as []);
  }
  Request.prototype = app.request;
  Response.prototype = app.response;
  return {
    IncomingMessage: Request as unknown as typeof IncomingMessage,
    ServerResponse: Response as unknown as typeof ServerResponse,
  };
}
