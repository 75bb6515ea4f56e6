/** Requests, for those who watch them. */

import { EXCHANGE } from "../exchange-symbol.js";
import type { Handler, RingRequest } from "../types.js";
import { channelOf } from "./channels.js";
import type { RequestEvent, Writable } from "./events.js";

const started = channelOf("express-ring:request:start");
const failed = channelOf("express-ring:request:error");
const ended = channelOf("express-ring:request:end");

/** What is known here of the exchange of a request. */
export interface RequestExchange {
  /** Stands for the request: the same one in all mounts that it comes through. */
  readonly identity: object;
}

const requests = new WeakMap<object, Writable<RequestEvent>>();

/** Does anybody want to hear of requests? All that the others cost. */
export function areRequestsWatched(): boolean {
  return ended.hasSubscribers || started.hasSubscribers || failed.hasSubscribers;
}

/** What is told of a request: undefined while nobody wants to hear of it, and for mocks. */
export function requestEventOf(request: object): RequestEvent | undefined {
  const exchange = (request as { readonly [EXCHANGE]?: RequestExchange })[EXCHANGE];
  return exchange && eventOf(exchange);
}

/** The same, for who has the exchange. */
export function eventOf(exchange: RequestExchange): RequestEvent | undefined {
  return requests.get(exchange.identity);
}

/** A request comes to a handler. @returns its event, if this is the first handler that it comes to */
export function requestStarted(
  exchange: RequestExchange,
  request: RingRequest,
  handler: Handler<never>,
  route: string | undefined,
): RequestEvent | undefined {
  const known = requests.get(exchange.identity);
  if (known !== undefined) {
    Object.assign(known, { request, handler, route: route ?? known.route });
    return undefined;
  }
  const event: Writable<RequestEvent> = {
    request,
    handler,
    route,
    startTime: performance.now(),
    duration: undefined,
    status: undefined,
    isComplete: undefined,
    error: undefined,
  };
  requests.set(exchange.identity, event);
  started.publish(event);
  return event;
}

/**
 * A router has found a route. The pattern of the mount above it is known by the path that the mount has taken.
 *
 * @param inner The request as the route's handler gets it.
 */
export function routeFound(context: string | undefined, inner: object, pattern: string): void {
  const event = requestEventOf(inner) as Writable<RequestEvent> | undefined;
  if (event === undefined) return;
  let known = mounts.get(event);
  if (known === undefined) mounts.set(event, (known = new Map()));
  const route = joined(known.get(context ?? "") ?? context ?? "", pattern);
  const { context: below } = inner as { readonly context?: string | undefined };
  if (below !== undefined && below !== context) known.set(below, route);
  event.route = route;
}

const mounts = new WeakMap<RequestEvent, Map<string, string>>();

function joined(mount: string, pattern: string): string {
  if (pattern === "/" && mount !== "") return mount;
  return (mount.endsWith("/") ? mount.slice(0, -1) : mount) + pattern;
}

/** Something about a request has failed. */
export function requestFailed(exchange: RequestExchange, error: unknown): void {
  const event = requests.get(exchange.identity);
  if (event === undefined || event.duration !== undefined) return;
  event.error = error;
  failed.publish(event);
}

/** A request has its answer, or nobody who would take it; what comes later does not count. */
export function requestEnded(exchange: RequestExchange, status: number | undefined, isComplete: boolean): void {
  const event = requests.get(exchange.identity);
  if (event === undefined || event.duration !== undefined) return;
  event.duration = performance.now() - event.startTime;
  event.status = status;
  event.isComplete = isComplete;
  ended.publish(event);
}
