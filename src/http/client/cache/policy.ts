/** RFC 9111 over the client's maps: what may be kept, and what may be answered with it. */

import CachePolicy from "http-cache-semantics";
import { mapToFill } from "../../../ring/param-map.js";
import { headerLinesOf } from "../headers.js";
import type { ClientRequest, ClientResponseHeaders } from "../types.js";
import type { CachedResponse } from "./store.js";

export interface PolicyOptions {
  readonly shared: boolean;
  readonly heuristic: number;
}

type Headers = Record<string, string | undefined>;
type PolicyObject = CachePolicy.CachePolicyObject;

/** A request as the rules see it. */
export interface AskedFor {
  readonly method: string;
  /** By lower-case name; without `host`. */
  readonly headers: Headers;
  /** The `host` header, if it is not the URL's. */
  readonly host: string | undefined;
}

const inLowerCase = (headers: Headers): void => {
  const directives = headers["cache-control"];
  // They mean the same in any case, which the library does not know.
  if (directives !== undefined) headers["cache-control"] = directives.toLowerCase();
};

export function askedFor(request: ClientRequest): AskedFor {
  const headers = mapToFill<string | undefined>();
  for (const [name, value] of Object.entries(headerLinesOf(request.headers))) {
    headers[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  inLowerCase(headers);
  const { host } = headers;
  delete headers["host"];
  return { method: (request.requestMethod ?? "get").toUpperCase(), headers, host };
}

/** The directives of a request's cache-control. */
export function hasDirective({ headers }: AskedFor, name: string): boolean {
  return (headers["cache-control"] ?? "").split(/[\s,]+/).includes(name);
}

const namesIn = (vary: string): string[] =>
  vary
    .trim()
    .toLowerCase()
    .split(/\s*,\s*/);

/** What the rules need of a request: the fields that `Vary` names, and whether there are credentials. */
function remembered({ method, headers }: AskedFor, vary: string | undefined): CachePolicy.Request {
  const named = namesIn(vary ?? "");
  const kept: Headers = {};
  for (const name of [...named, "cache-control", "pragma"]) if (headers[name] !== undefined) kept[name] = headers[name];
  if (headers["authorization"] !== undefined) kept["authorization"] ??= "given";
  return { method, headers: kept };
}

function responseOf(status: number, headers: ClientResponseHeaders): CachePolicy.Response {
  const copy: Record<string, string | string[] | undefined> = { ...headers };
  inLowerCase(copy as Headers);
  return { status, headers: copy };
}

/** How a response may be kept; undefined if it may not, or if it would be of no use. */
export function policyOf(
  asked: AskedFor,
  status: number,
  headers: ClientResponseHeaders,
  options: PolicyOptions,
): PolicyObject | undefined {
  if (headers.vary !== undefined && namesIn(headers.vary).includes("*")) return undefined;
  const policy = new CachePolicy(remembered(asked, headers.vary), responseOf(status, headers), {
    shared: options.shared,
    cacheHeuristic: options.heuristic,
  });
  if (!policy.storable()) return undefined;
  const canBeValidated = headers.etag !== undefined || headers["last-modified"] !== undefined;
  return canBeValidated || policy.timeToLive() > 0 ? policy.toObject() : undefined;
}

/** What a kept response is good for, for one request. */
export interface Judgement {
  readonly kept: CachedResponse;
  /** May it be the answer as it is? */
  readonly isFresh: boolean;
  /** May it be the answer if the server fails? */
  readonly isForErrors: boolean;
  readonly headers: ClientResponseHeaders;
  /** The fields that ask the server whether it is still right. */
  readonly conditions: Headers;
}

/** Judges the kept response that is for such requests; undefined if there is none. */
export function judge(responses: readonly CachedResponse[], asked: AskedFor): Judgement | undefined {
  // What was kept of a GET answers a HEAD, too.
  const request = { method: "GET", headers: asked.headers as CachePolicy.Headers };
  const kept = responses.find((one) => isFor(one, asked));
  if (kept === undefined) return undefined;
  const object = kept.policy as PolicyObject;
  const { "must-revalidate": isStrict, ...rescc } = object.rescc;
  // The library asks the server each time for what must not be used stale; while it is fresh, that is not called for.
  const policy = CachePolicy.fromObject({ ...object, rescc });
  const { response, revalidation } = policy.evaluateRequest(request);
  const isStale = policy.stale();
  const asking = policy.revalidationHeaders(request);
  const conditions: Headers = {};
  for (const name of ["if-none-match", "if-modified-since"]) {
    if (asking[name] !== undefined) conditions[name] = String(asking[name]);
  }
  return {
    kept,
    // To answer with what is stale and look for more meanwhile is allowed, not called for.
    isFresh: response !== undefined && revalidation === undefined && !(isStale && isStrict !== undefined),
    isForErrors: isStrict === undefined && staleIfError(rescc) + policy.maxAge() > policy.age(),
    headers: headersOf(policy, object),
    conditions,
  };
}

export function isFor({ policy }: CachedResponse, asked: AskedFor): boolean {
  const { resh, reqh } = policy as PolicyObject;
  const vary = resh["vary"];
  if (typeof vary !== "string") return true;
  return namesIn(vary).every((name) => asked.headers[name] === reqh?.[name]);
}

function staleIfError(directives: Readonly<Record<string, unknown>>): number {
  const seconds = Number(directives["stale-if-error"] ?? Number.NaN);
  return Number.isNaN(seconds) ? Number.NEGATIVE_INFINITY : seconds;
}

/** As they are answered: with their age; without cookies, which were set when the server said so, and are not set again. */
function headersOf(policy: CachePolicy, { resh }: PolicyObject): ClientResponseHeaders {
  const { "set-cookie": _, ...headers } = policy.responseHeaders();
  const filled = Object.assign(mapToFill<string | string[] | undefined>(), headers);
  filled["date"] = resh["date"];
  return filled as ClientResponseHeaders;
}

const OF_THE_BODY = new Set(["content-length", "content-encoding", "transfer-encoding", "content-range"]);

/** The headers of what is kept, brought up to date by those of a 304. */
export function updated({ policy }: CachedResponse, headers: ClientResponseHeaders): ClientResponseHeaders {
  const { resh } = policy as PolicyObject;
  const news = Object.entries(headers).filter(([name]) => !OF_THE_BODY.has(name));
  return { ...resh, ...Object.fromEntries(news) };
}
