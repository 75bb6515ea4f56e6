import { IncomingMessage, type RequestListener, ServerResponse } from "node:http";

/** An Express app, as far as it is used here: what its requests and responses inherit from. */
export interface AppOfMessages extends RequestListener {
  request: object;
  response: object;
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
 * already is left alone. For that `app.request` and `app.response` become the prototypes of two classes, with everything that
 * was on them, and are open to additions as before. A mounted sub-app still changes what goes through it. Node 24 and later gain
 * little.
 *
 * @example
 * const server = https.createServer({ key, cert, ...messageClasses(app) }, app);
 * server.listen(443);
 * @see Source: none; Node's options `IncomingMessage` and `ServerResponse`. `withMessageClasses` does it for `app.listen`,
 *   `startServer` for its `fallback`.
 */
export function messageClasses(app: AppOfMessages): MessageClasses {
  const made = classes.get(app) ?? derivedClasses();
  if (!classes.has(app)) {
    classes.set(app, made);
    app.request = takePlaceOf(app.request, made.IncomingMessage.prototype);
    app.response = takePlaceOf(app.response, made.ServerResponse.prototype);
  }
  return made;
}

const classes = new WeakMap<AppOfMessages, MessageClasses>();

/** Derived ones: functions that call Node's own constructors with another prototype make slower objects. */
function derivedClasses(): MessageClasses {
  return {
    IncomingMessage: class extends IncomingMessage {},
    ServerResponse: class extends ServerResponse {} as typeof ServerResponse,
  };
}

/** Moves what is on a prototype to another one, and leaves the old one, which sub-apps inherit from already, inheriting from it. */
function takePlaceOf(old: object, prototype: object): object {
  Reflect.deleteProperty(prototype, "constructor");
  Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(old));
  Object.setPrototypeOf(prototype, Object.getPrototypeOf(old) as object);
  for (const name of Reflect.ownKeys(old)) Reflect.deleteProperty(old, name);
  Object.setPrototypeOf(old, prototype);
  return prototype;
}
