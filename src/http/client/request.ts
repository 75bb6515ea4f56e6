/** The functions that send requests. Source: `aleph.http`. */

import { Deferred } from "../../deferred/core.js";
import { type Awaitable, isDeferrable, toDeferred } from "../../deferred/index.js";
import { describe, InvalidArgumentError } from "../../errors/index.js";
import { Cancellation } from "./cancellation.js";
import { type Draft, draft } from "./draft.js";
import { RequestCancellationError } from "./errors.js";
import { abandonBodies } from "./payload.js";
import { defaultPool } from "./pool.js";
import { bound, currentScope } from "./scope.js";
import type { Asked, BodyOf, Client, ClientMiddleware, ClientResponse, RequestOptions } from "./types.js";
import { wire } from "./wire.js";
import { wrapRequest } from "./wrap-request.js";

const defaultClient = wrapRequest(wire);
const clients = new WeakMap<ClientMiddleware, Client>();

/** The chain of a pool, made once. */
function clientOf(middleware: ClientMiddleware | undefined): Client {
  if (middleware === undefined) return defaultClient;
  let client = clients.get(middleware);
  if (client === undefined) {
    client = middleware(wire);
    clients.set(middleware, client);
  }
  return client;
}

/**
 * Sends a request; the deferred holds the response as soon as its head is in, and its body streams.
 *
 * Putting the deferred into an error state (`cancelRequest`, `timeout`, `signal`) cancels the request, in whatever phase it is.
 * A body that is not read to its end keeps its connection: read it, `close()` the response, or let `as` read it.
 *
 * @throws as a rejection: `RING_STATUS` for an error status; `RING_POOL_TIMEOUT`, `RING_CONNECTION_TIMEOUT`,
 *   `RING_PROXY_CONNECTION_TIMEOUT`, `RING_REQUEST_TIMEOUT`, `RING_READ_TIMEOUT`, all of them `TimeoutError`s;
 *   `RING_REQUEST_CANCELLED`; `RING_CONNECTION_CLOSED`, `RING_MALFORMED_RESPONSE`, `RING_UNKNOWN_HOST`, `RING_PROXY`,
 *   `RING_REDIRECT`, `RING_COERCION`, `RING_INVALID_ARGUMENT`; `RING_BODY_ABORTED`, if the body to send was destroyed; or what
 *   it, or the connection, fails with (`ECONNREFUSED`).
 * @example
 * const { status, body } = await http.request({ method: "get", url: upstream, as: "string", requestTimeout: 1000 });
 * @see Source: `aleph.http/request`. Differs: bodies that end early are errors; credentials stay with their origin.
 */
export function request<
  const A extends RequestOptions["as"] = undefined,
  const R extends boolean | undefined = undefined,
>(options: Asked<A, R>): Deferred<ClientResponse<BodyOf<A, R>>> {
  return send(draft(options)) as Deferred<ClientResponse<BodyOf<A, R>>>;
}

/** @param request Nobody else has it. */
function send(request: Draft): Deferred<ClientResponse<unknown>> {
  const result = new Deferred<ClientResponse<unknown>>();
  const cancellation = new Cancellation();
  abortWith(request.signal, result, cancellation);
  result.onRealized(
    () => cancellation.settled(),
    (error) => {
      cancellation.cancel(error);
      abandonBodies(request);
    },
  );
  if (result.isRealized) return result;
  try {
    const scope = currentScope();
    if (scope?.pool !== undefined) request.pool ??= scope.pool;
    let client = clientOf(scope?.middleware ?? (request.pool ?? defaultPool()).middleware);
    if (scope?.additional !== undefined) client = scope.additional(client);
    if (request.middleware !== undefined) client = request.middleware(client);
    cancellation.on(request);
    settleWith(result, client(request));
  } catch (error) {
    result.error(error);
  }
  return result;
}

function settleWith<T extends ClientResponse<unknown>>(result: Deferred<T>, response: Awaitable<T>): void {
  if (!isDeferrable(response)) {
    result.success(response as T);
    return;
  }
  const succeed = (value: T): void => {
    // Cancelled at the last moment: nobody will read it.
    if (!result.success(value)) value.close();
  };
  const fail = (error: unknown): void => void result.error(error);
  // Listeners are called in place, in the scope of a connection that others may have opened.
  toDeferred(response as PromiseLike<T>).onRealized(bound(succeed), bound(fail));
}

/** Cancels when the signal says so, also while the body comes in. */
function abortWith(
  signal: AbortSignal | undefined,
  result: Deferred<never> | Deferred<unknown>,
  cancellation: Cancellation,
): void {
  if (signal === undefined || signal === null) return;
  if (typeof signal.addEventListener !== "function") {
    result.error(new InvalidArgumentError(`signal of a request must be an AbortSignal, not ${describe(signal)}`));
    return;
  }
  const abort = (): void => {
    const error = new RequestCancellationError(signal.reason);
    if (!result.error(error)) cancellation.cancel(error);
  };
  if (signal.aborted) {
    abort();
    return;
  }
  signal.addEventListener("abort", abort, { once: true });
  cancellation.whenOver(() => signal.removeEventListener("abort", abort));
}

/**
 * Cancels a request that has no response yet: it fails with a `RequestCancellationError`, code `RING_REQUEST_CANCELLED`,
 * whether it waits for a connection, connects, or waits for the answer; its connection is closed (of HTTP/2 only its stream).
 * The server may have processed it.
 *
 * @returns false, if it had a response, or had failed, already
 * @example
 * const response = http.get(upstream);
 * http.cancelRequest(response);
 * @see Source: `aleph.http/cancel-request!`.
 */
export function cancelRequest(response: Deferred<never> | Deferred<ClientResponse<unknown>>): boolean {
  return response.error(new RequestCancellationError());
}

/** A function of one method. */
export type Verb = <const A extends RequestOptions["as"] = undefined, const R extends boolean | undefined = undefined>(
  url: string | URL,
  options?: Asked<A, R> | null,
) => Deferred<ClientResponse<BodyOf<A, R>>>;

function verb(method: string): Verb {
  return (url, options) => {
    const asked = draft(options ?? {});
    asked.url = url;
    asked.requestMethod = method;
    if (asked.method !== undefined) asked.method = undefined;
    return send(asked) as never;
  };
}

/** Sends a GET request; see {@link request}. @see Source: `aleph.http/get`. */
export const get: Verb = verb("get");
/** Sends a HEAD request; see {@link request}. @see Source: `aleph.http/head`. */
export const head: Verb = verb("head");
/** Sends a POST request; see {@link request}. @see Source: `aleph.http/post`. */
export const post: Verb = verb("post");
/** Sends a PUT request; see {@link request}. @see Source: `aleph.http/put`. */
export const put: Verb = verb("put");
/** Sends a PATCH request; see {@link request}. @see Source: `aleph.http/patch`. */
export const patch: Verb = verb("patch");
/** Sends a DELETE request; see {@link request}. @see Source: `aleph.http/delete`. */
const deleteVerb: Verb = verb("delete");

export { deleteVerb as delete };
/** Sends an OPTIONS request; see {@link request}. @see Source: `aleph.http/options`. */
export const options: Verb = verb("options");
/** Sends a TRACE request, which has no body; see {@link request}. @see Source: `aleph.http/trace`. */
export const trace: Verb = verb("trace");
/** Sends a COPY request (WebDAV); see {@link request}. @see Source: `clj-http.client/copy`. */
export const copy: Verb = verb("copy");
/** Sends a MOVE request (WebDAV); see {@link request}. @see Source: `clj-http.client/move`. */
export const move: Verb = verb("move");
