/** Clients with options of their own. */

import type { Deferred } from "../../deferred/index.js";
import { findHeaderName } from "../../ring/headers.js";
import type { Verb } from "./request.js";
import * as verbs from "./request.js";
import type { Asked, BodyOf, ClientMiddleware, ClientResponse, RequestOptions } from "./types.js";

/** What holds for all requests of a client: every option but those of one request. */
export type ClientDefaults = Omit<
  RequestOptions,
  "url" | "uri" | "queryString" | "method" | "requestMethod" | "body" | "multipart" | "as" | "rawStream"
>;

/** A client with options of its own. */
export interface HttpClient {
  request<const A extends RequestOptions["as"] = undefined, const R extends boolean | undefined = undefined>(
    options: Asked<A, R>,
  ): Deferred<ClientResponse<BodyOf<A, R>>>;
  readonly get: Verb;
  readonly head: Verb;
  readonly post: Verb;
  readonly put: Verb;
  readonly patch: Verb;
  readonly delete: Verb;
  readonly options: Verb;
  readonly trace: Verb;
  /** A client with these options over those that this one has. */
  extend(defaults: ClientDefaults): HttpClient;
}

type Headers = RequestOptions["headers"];

/** The headers of both; those given with the request replace others of their name, in whatever case. */
function merged(defaults: Headers, own: Headers): Headers {
  if (defaults === undefined || own === undefined || own === null) return own ?? defaults;
  const kept = Object.entries(defaults).filter(([name]) => findHeaderName(own, name) === undefined);
  return { ...Object.fromEntries(kept), ...own };
}

function nested(
  inner: ClientMiddleware | undefined,
  outer: ClientMiddleware | undefined,
): ClientMiddleware | undefined {
  if (inner === undefined || outer === undefined) return inner ?? outer;
  return (client) => outer(inner(client));
}

function over<O extends ClientDefaults>(defaults: ClientDefaults, options: O): O {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as O;
  const headers = merged(defaults.headers, given.headers);
  const middleware = nested(defaults.middleware, given.middleware);
  return {
    ...defaults,
    ...given,
    ...(headers === undefined ? {} : { headers }),
    ...(middleware === undefined ? {} : { middleware }),
  };
}

/**
 * Makes a client whose requests have these options, where they have none of their own. Headers are merged, one by one;
 * middleware of a request comes around that of its client.
 *
 * @example
 * const api = http.client({ headers: { accept: "application/json" }, requestTimeout: 5000 });
 * const { body } = await api.get(upstream, { as: "json" });
 * const asAda = api.extend({ oauthToken: "a token" });
 * @see Source: `with-options` over `aleph.http`'s functions, and clj-http's `with-middleware`.
 */
export function client(defaults: ClientDefaults): HttpClient {
  const verb =
    (send: Verb): Verb =>
    (url, options) =>
      send(url, over(defaults, options ?? {}) as never);
  return {
    request: (options) => verbs.request(over(defaults, options)),
    get: verb(verbs.get),
    head: verb(verbs.head),
    post: verb(verbs.post),
    put: verb(verbs.put),
    patch: verb(verbs.patch),
    delete: verb(verbs.delete),
    options: verb(verbs.options),
    trace: verb(verbs.trace),
    extend: (more) => client(over(defaults, more)),
  };
}
