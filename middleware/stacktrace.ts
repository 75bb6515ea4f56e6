/** Errors shown to the developer: in the browser, and in the log. Source: `ring.middleware.stacktrace`. */

import { inspect } from "node:util";
import { type Awaitable, catchError, isDeferrable, toDeferred } from "../src/deferred/index.js";
import { faultPage, faultsText } from "../src/devel/index.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

/** To whom errors are shown. */
export interface StacktraceWebOptions {
  /**
   * Are errors shown to whoever asked? Where not, they are passed on to whoever handles errors.
   * @default true, unless NODE_ENV is "production"
   */
  readonly show?: boolean | undefined;
}

/** How errors are logged. */
export interface StacktraceLogOptions {
  /** Are they logged in colours? @default false */
  readonly color?: boolean | undefined;
}

/** How errors are logged, and to whom they are shown. */
export interface StacktraceOptions extends StacktraceWebOptions, StacktraceLogOptions {}

type Answer = Awaitable<RingResponse | null | undefined>;

/** Asks a handler, and what to do about its error if it throws or rejects. */
function recovered<R>(handler: Handler<R>, request: R, recover: (error: unknown) => Answer): Answer {
  let answer: Answer;
  try {
    answer = handler(request);
  } catch (error) {
    return recover(error);
  }
  return isDeferrable(answer) ? catchError(toDeferred(answer), recover) : answer;
}

/** The status that an error asks for. Anything else that was thrown is a fault of the server. */
function statusOf(error: unknown): number {
  const status = (error as { readonly status?: unknown } | null | undefined)?.status;
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) < 600 ? (status as number) : 500;
}

/**
 * The response that shows an error: a page with source around each frame if the client wants HTML first, else text.
 *
 * Causes and the errors of an AggregateError are there, too; frames of packages are folded. In the table of the request
 * what may be secret is masked: authorization, cookies, sessions, tokens, passwords. Paths and source are not, so it is
 * for the developer alone.
 *
 * @see Source: `ring.middleware.stacktrace`. Differs: the status is the error's own, where it has one from 400 to 599.
 */
export function stacktraceResponse(
  error: unknown,
  request: Partial<RingRequest>,
): Awaitable<{
  readonly status: number;
  readonly headers: { readonly "Content-Type": string };
  readonly body: string;
}> {
  const status = statusOf(error);
  const accept = request.headers?.["accept"];
  if (accept?.startsWith("text/html") !== true) {
    return { status, headers: { "Content-Type": "text/plain" }, body: faultsText(error) };
  }
  return faultPage(error, request).then((body) => ({ status, headers: { "Content-Type": "text/html" }, body }));
}

/**
 * Middleware for development: answers with {@link stacktraceResponse} what the handler throws or rejects with.
 *
 * In production, that is with NODE_ENV set to "production", it does nothing unless `show` says so: errors are passed on to
 * Express.
 *
 * @example
 * const app = wrapStacktraceWeb(() => {
 *   throw new Error("no database");
 * });
 * (await app(request))?.status; // => 500
 * @see Source: `ring.middleware.stacktrace/wrap-stacktrace-web`.
 */
export function wrapStacktraceWeb<R extends RingRequest>(
  handler: Handler<R>,
  options: StacktraceWebOptions = {},
): Handler<R> {
  const isShown = options.show ?? process.env["NODE_ENV"] !== "production";
  return tagged("wrapStacktraceWeb", handler, (request: R) =>
    isShown ? recovered(handler, request, (error) => stacktraceResponse(error, request)) : handler(request),
  );
}

/**
 * Middleware: writes what the handler throws or rejects with to the console's error stream, with causes, and passes it on.
 *
 * @example
 * const app = wrapStacktraceLog(handler, { color: true });
 * @see Source: `ring.middleware.stacktrace/wrap-stacktrace-log`.
 */
export function wrapStacktraceLog<R extends RingRequest>(
  handler: Handler<R>,
  options: StacktraceLogOptions = {},
): Handler<R> {
  const colors = options.color ?? false;
  return tagged("wrapStacktraceLog", handler, (request: R) =>
    recovered(handler, request, (error) => {
      console.error(inspect(error, { colors }));
      throw error;
    }),
  );
}

/**
 * Middleware for development: {@link wrapStacktraceLog} inside {@link wrapStacktraceWeb}, so errors are logged and shown.
 *
 * In production they are logged and passed on, unless `show` says so.
 *
 * @example
 * const app = wrapStacktrace(handler);
 * @see Source: `ring.middleware.stacktrace/wrap-stacktrace`.
 */
export function wrapStacktrace<R extends RingRequest>(
  handler: Handler<R>,
  options: StacktraceOptions = {},
): Handler<R> {
  return wrapStacktraceWeb(wrapStacktraceLog(handler, options), options);
}
