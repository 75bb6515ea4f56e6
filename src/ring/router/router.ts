/** A small router over plain data: a map of routes in, a handler out. */

import { andThen, isDeferrable } from "../../deferred/index.js";
import { describe, InvalidArgumentError } from "../../errors/index.js";
import { checkOptionNames, type OptionNames } from "../../errors/options.js";
import { copyOf } from "../copy.js";
import { areRequestsWatched, routeFound } from "../diagnostics/requests.js";
import { calling, isHandedOver, taking } from "../ownership.js";
import { partOf, tagged } from "../tag.js";
import type { Handler, RingRequest, RingResponse } from "../types.js";
import type { PathParams } from "./params.js";
import { type FoundParams, Pattern } from "./pattern.js";
import { type Entry, Table } from "./table.js";

// biome-ignore format: a table
const METHODS = [
  "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "ACL", "BIND", "CHECKOUT",
  "COPY", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MOVE", "M-SEARCH", "NOTIFY", "PROPFIND",
  "PROPPATCH", "PURGE", "REBIND", "REPORT", "SEARCH", "SOURCE", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK",
  "UNSUBSCRIBE",
] as const;

/** The methods of routes; `ANY` is all of them. */
export type RouteMethod = (typeof METHODS)[number] | "ANY";

/** A route, `"GET /users/:id"`, or a mount, `"/admin"`. */
export type RouteKey = `${RouteMethod} ${string}` | `/${string}`;

/** The pattern of a route. */
type PatternOf<Key extends string> = Key extends `${RouteMethod} ${infer Pattern}` ? Pattern : Key;

/** The request as a route's handler gets it: with what the pattern names. */
export type Routed<Pattern extends string, Request = Unrouted> = Request & {
  readonly routeParams: PathParams<Pattern>;
};

/** A request map before it has come to a router. */
export type Unrouted = Omit<RingRequest, "routeParams">;

/** Handlers by routes. */
export type Routes<Key extends string, Request extends Unrouted = Unrouted> = {
  readonly [K in Key]: Handler<Routed<PatternOf<K>, Request>>;
};

/** How paths are compared with patterns. */
export interface RouterOptions {
  /** Do `/Users` and `/users` differ? @default false */
  readonly caseSensitive?: boolean | undefined;
  /** Do `/users` and `/users/` differ? @default false */
  readonly strict?: boolean | undefined;
}

const OPTIONS: OptionNames<RouterOptions> = { caseSensitive: true, strict: true };

/**
 * Makes a handler of routes. It answers null to a request that none of them is for, so whatever it stands in front of has
 * its turn: the next middleware of Express, the `fallback` of a server, another router.
 *
 * A route is a method and a pattern in the syntax of Express 5: `:name` is a part between slashes, `*name` one or more such
 * parts, `{...}` may be absent, `\\` takes a sign for itself. They are in `routeParams`, decoded, with types that follow from
 * the pattern; of `*name` there is a list. `ANY` stands for every method, and a `GET` route serves `HEAD` as well: its handler
 * sees `"head"`, as in Express, and servers leave the body out (`wrapHead` around the router shows it `"get"`, as in Ring).
 *
 * A key without a method is a mount: its handler, a router perhaps, has the path and all below it. It finds the part that
 * matched added to `context`, the rest in `pathInfo`, and its own parameters beside those of the mount ({@link context} types
 * them). A router looks at `pathInfo`, or `uri` where there is none.
 *
 * The first route in the table that matches is asked first; if its answer is null, now or later, the next one that matches
 * is. The routes are data: `{ ...routes, ...more }` adds some, `Object.keys(routes)` lists them. They are read once, when the
 * router is made. A path is looked up by its parts, not by trying one route after the other.
 *
 * As in Express, neither case nor one slash at the end counts unless the options say so. A parameter that is not properly
 * encoded fails the request: `RING_MALFORMED_PARAMETER`, status 400.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if a key is no route, or its value no function.
 * @example
 * const app = router({
 *   "GET /": () => ({ status: 200, body: "home" }),
 *   "GET /users/:id": ({ routeParams }) => ({ status: 200, body: `user ${routeParams.id}` }),
 *   "ANY /files/*path": ({ routeParams }) => ({ status: 200, body: routeParams.path.join(" > ") }),
 * });
 * @see Source: `compojure.core/routes`, `reitit.ring/router`. Differs: the routes are a map of handlers.
 */
export function router<const Key extends RouteKey, Request extends Unrouted = Unrouted>(
  routes: Routes<Key, Request>,
  options: RouterOptions = {},
): Handler<Request> {
  checkOptionNames("router", options, OPTIONS);
  const { caseSensitive = false, strict = false } = options;
  const entries = Object.entries<unknown>(routes).map(([key, handler], order): Entry => {
    const { method, pattern } = readKey(key);
    if (typeof handler !== "function") {
      throw new InvalidArgumentError(`router: ${JSON.stringify(key)} has ${describe(handler)}; give it a handler`);
    }
    const isMount = method === undefined;
    return {
      order,
      method: method ?? "any",
      route: pattern,
      pattern: new Pattern(pattern, { caseSensitive, strict, isPrefix: isMount }),
      isMount,
      call: calling(partOf(key, undefined, handler) as (request: unknown) => Answered),
    };
  });
  const table = new Table(entries, { caseSensitive });
  const answer = (request: Request): Answered => {
    const isOwn = isHandedOver(request);
    const path = request.pathInfo ?? request.uri;
    return ask(table.find(request.requestMethod, path), 0, path, request, isOwn);
  };
  return tagged("router", routes, taking(answer));
}

/**
 * A mount as a part of a router's table, for its types: the handlers inside know the parameters of this mount, too.
 *
 * @param path The pattern of the mount.
 * @param routes What is below it, as {@link router} takes it.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, as `router` does.
 * @example
 * const app = router({
 *   "GET /": () => ({ status: 200, body: "home" }),
 *   ...context("/users/:user", {
 *     "GET /": ({ routeParams }) => ({ status: 200, body: routeParams.user }),
 *     "GET /posts/:post": ({ routeParams: { user, post } }) => ({ status: 200, body: `${user}, ${post}` }),
 *   }),
 * });
 * @see Source: `compojure.core/context`. Differs: it is an entry of a table, no handler.
 */
export function context<
  const Path extends `/${string}`,
  const Key extends RouteKey,
  Request extends Unrouted = Unrouted,
>(
  path: Path,
  routes: { readonly [K in Key]: Handler<Request & { readonly routeParams: PathParams<`${Path}${PatternOf<K>}`> }> },
  options: RouterOptions = {},
): { readonly [P in Path]: Handler<Request> } {
  const handler = router(routes as unknown as Routes<RouteKey, Request>, options);
  return { [path]: handler } as { readonly [P in Path]: Handler<Request> };
}

function readKey(key: string): { readonly method: string | undefined; readonly pattern: string } {
  if (key.startsWith("/")) return { method: undefined, pattern: key };
  const [, method, pattern] = /^(\S+) ([/{].*)$/s.exec(key) ?? [];
  if (method === undefined || pattern === undefined || !(method === "ANY" || METHODS.includes(method as "GET"))) {
    throw new InvalidArgumentError(
      `router: ${JSON.stringify(key)} is no route; write a method in capitals, or ANY, a blank and a path, or, for a mount, a path`,
    );
  }
  return { method: method.toLowerCase(), pattern };
}

type Answer = RingResponse | null | undefined;
type Answered = ReturnType<Handler>;
type Found = { -readonly [Key in "context" | "pathInfo" | "routeParams"]?: RingRequest[Key] };

/** What the pattern of a path that is text finds. */
const NAMELESS: readonly [string] = [""];

/**
 * Asks entries one after the other, from one on, until one has an answer.
 *
 * @param isOwn Is the request nobody else's? Then the last entry may have it.
 */
function ask(entries: readonly Entry[], from: number, path: string, request: Unrouted, isOwn: boolean): Answered {
  for (let i = from; i < entries.length; i++) {
    const { pattern, route, isMount, isSure, call } = entries[i] as Entry;
    const isLast = i === entries.length - 1;
    const match = isSure === true ? NAMELESS : pattern.exec(path);
    if (match === null) continue;
    const outer = (request as RingRequest).routeParams as FoundParams | undefined;
    const { context } = request;
    const inner: Found = isOwn && isLast ? request : copyOf(request);
    inner.routeParams = pattern.paramsOf(match, outer);
    if (isMount) mount(inner, path, match[0]);
    if (areRequestsWatched()) routeFound(context, inner, route);
    const answer = call(inner, true);
    if (isLast) return answer;
    if (isDeferrable(answer)) {
      return andThen(
        answer as PromiseLike<Answer>,
        (later) => later ?? ask(entries, i + 1, path, request, isOwn),
      ) as never;
    }
    if (answer !== null && answer !== undefined) return answer;
  }
  return null;
}

/** What the handler of a mount finds changed in its request. */
function mount(inner: Found, path: string, matched: string): void {
  inner.context = (inner.context ?? "") + matched;
  inner.pathInfo = path.length === matched.length ? "/" : path.slice(matched.length);
}
