/** Which responses are followed, and with what request. Source: clj-http's `:redirect-strategy`. */

import { InvalidArgumentError } from "../../../errors/index.js";
import type { ClientRequest, ClientResponse, RedirectStrategy, RequestOptions } from "../types.js";
import { methodRequest } from "./method.js";

const SAFE = new Set(["get", "head"]);

export function methodOf(request: ClientRequest): string {
  return (request.method ?? request.requestMethod ?? "get").toLowerCase();
}

/** What becomes of a redirect. */
interface Verdict {
  /** The method of the next request; undefined if there is to be none. */
  readonly method: string | undefined;
  /** Where it goes, if not where `location` says, and what else it is to be. */
  readonly changes?: RequestOptions | undefined;
}

/** By the table of statuses and methods. @param isForced Are other methods followed than GET and HEAD? */
function byTable(status: number, method: string, isForced: boolean): string | undefined {
  const isSafe = SAFE.has(method);
  switch (status) {
    case 301:
    case 302:
      return isSafe ? method : isForced ? "get" : undefined;
    case 303:
      return method === "head" ? "head" : "get";
    case 307:
    case 308:
      return isSafe || isForced ? method : undefined;
    default:
      return undefined;
  }
}

export function verdictOn(response: ClientResponse<unknown>, request: ClientRequest): Verdict {
  const { redirectStrategy, followRedirects, forceRedirects = false } = request;
  const method = methodOf(request);
  const { status } = response;
  if (followRedirects === false) return { method: undefined };
  switch (redirectStrategy) {
    case undefined:
      return { method: byTable(status, method, forceRedirects) };
    case "none":
      return { method: undefined };
    case "default":
    case "graceful":
      return { method: SAFE.has(method) ? byTable(status, method, false) : undefined };
    case "lax":
      return { method: SAFE.has(method) || method === "post" ? byTable(status, method, true) : undefined };
    default:
      return typeof redirectStrategy === "object" && redirectStrategy !== null
        ? byStrategy(redirectStrategy, response, request)
        : refuse(redirectStrategy);
  }
}

function refuse(strategy: unknown): never {
  throw new InvalidArgumentError(
    `redirectStrategy is "none", "default", "lax", "graceful" or an object, not ${JSON.stringify(strategy)}`,
  );
}

function byStrategy(strategy: RedirectStrategy, response: ClientResponse<unknown>, asked: ClientRequest): Verdict {
  const request = methodRequest(asked);
  if (!strategy.isRedirected(request, response)) return { method: undefined };
  const method = methodOf(request);
  const given = strategy.getRedirect?.(request, response);
  const changes = typeof given === "string" || given instanceof URL ? { url: given } : given;
  const isSame = SAFE.has(method) || response.status === 307 || response.status === 308;
  return { method: changes?.method ?? changes?.requestMethod ?? (isSame ? method : "get"), changes };
}

/** Is the limit of redirects an error, or is the last of them the answer? */
export function isLimitAnError({ redirectStrategy, throwExceptions }: ClientRequest): boolean {
  if (redirectStrategy === "graceful") return false;
  return throwExceptions === true || redirectStrategy === "default" || redirectStrategy === "lax";
}
