/** Protection against forged requests from other sites (CSRF). Source: `ring.middleware.anti-forgery`. */

import { type Awaitable, andThen } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";
import { type HasSession, sessionStrategy } from "./anti-forgery/session.js";
import type { AntiForgeryStrategy, AntiForgeryToken } from "./anti-forgery/strategy.js";

/** What `wrapAntiForgery` adds to a request. */
export interface AntiForgery {
  /** The token that forms of the answer have to send back; see {@link antiForgeryField}. */
  readonly antiForgeryToken: string;
}

/** `N` is what the strategy needs to find in a request. */
export interface AntiForgeryOptions<N = HasSession> {
  /** Finds the token that came with a request. @default the form field, else the headers x-csrf-token, x-xsrf-token */
  readonly readToken?: ((request: RingRequest) => unknown) | undefined;
  /** The answer to a refused request; null for none. @default 403, text/html, "<h1>Invalid anti-forgery token</h1>" */
  readonly errorResponse?: RingResponse | null | undefined;
  /** Answers refused requests, instead of `errorResponse`. */
  readonly errorHandler?: Handler | null | undefined;
  /**
   * A header whose presence is enough, such as "x-requested-with": other sites cannot send one that a form does not have
   * without being allowed to by CORS. @default none
   */
  readonly safeHeader?: string | null | undefined;
  /** Where tokens come from. @default sessionStrategy() */
  readonly strategy?: AntiForgeryStrategy<N> | undefined;
}

const FIELD = "__anti-forgery-token";

type Fields = Readonly<Record<string, unknown>> | null | undefined;
type WithForms = RingRequest & { readonly formParams?: Fields; readonly multipartParams?: Fields };

const fieldOf = (fields: Fields): unknown =>
  fields !== null && fields !== undefined && Object.hasOwn(fields, FIELD) ? fields[FIELD] : undefined;

/** The first one present counts, even if it is empty. Parameters of the query and JSON are not looked at. */
function defaultReadToken(request: WithForms): unknown {
  const { headers, formParams, multipartParams } = request;
  return fieldOf(multipartParams) ?? fieldOf(formParams) ?? headers?.["x-csrf-token"] ?? headers?.["x-xsrf-token"];
}

/** Methods that change nothing; in this spelling only. */
const isSafeMethod = (method: string): boolean => method === "get" || method === "head" || method === "options";

const REFUSAL: RingResponse = {
  status: 403,
  headers: { "Content-Type": "text/html" },
  body: "<h1>Invalid anti-forgery token</h1>",
};

function refuserOf({ errorResponse, errorHandler }: AntiForgeryOptions<never>): Handler {
  if (errorResponse && errorHandler) {
    throw new InvalidArgumentError(
      "wrapAntiForgery: errorResponse and errorHandler exclude each other; give one of them",
    );
  }
  const response = errorResponse === undefined ? REFUSAL : errorResponse;
  return errorHandler ?? (() => response);
}

/** A copy of the request with the token; one that is yet to be made is made when it is first read. */
function withToken(request: RingRequest, token: AntiForgeryToken): RingRequest & AntiForgery {
  if (typeof token === "string") {
    // V8 is slow to add a key to a copy, and fast to copy to where it is.
    return "antiForgeryToken" in request
      ? { ...request, antiForgeryToken: token }
      : { antiForgeryToken: token, ...request };
  }
  return Object.defineProperty({ ...request } as RingRequest & AntiForgery, "antiForgeryToken", {
    get: () => token.force(),
    enumerable: true,
    configurable: true,
  });
}

/**
 * Middleware: lets a request through that changes something only with a valid token, which other sites cannot know.
 *
 * Requests whose method is get, head or options pass without one; all others need it in the form field
 * `__anti-forgery-token` or in the header x-csrf-token or x-xsrf-token, whatever their content-type. The handler finds the
 * token for its forms in `request.antiForgeryToken`. It stands inside `wrapParams` and `wrapMultipartParams`, if forms are to
 * be looked at, and inside what its strategy needs: `wrapSession` for the default.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if there are both `errorResponse` and
 *   `errorHandler`.
 * @example
 * const page = (request) => ({
 *   status: 200,
 *   body: `<form method="post">${antiForgeryField(request.antiForgeryToken)}<button>Delete</button></form>`,
 * });
 * const app = wrapAntiForgery(page, { errorResponse: { status: 403, body: "Please load the page again." } });
 * @see Source: `ring.middleware.anti-forgery/wrap-anti-forgery`. Differs: a token that came as an array is refused; there it
 *   fails the request.
 */
export function wrapAntiForgery<R extends RingRequest, N = HasSession>(
  handler: Handler<R & AntiForgery>,
  options: AntiForgeryOptions<N> = {},
): Handler<Omit<R, keyof AntiForgery> & NoInfer<N>> {
  const refuse = refuserOf(options as AntiForgeryOptions<never>);
  const strategy = (options.strategy ?? sessionStrategy()) as AntiForgeryStrategy<RingRequest>;
  const readToken = options.readToken ?? defaultReadToken;
  const safeHeader = options.safeHeader?.toLowerCase();

  const hasValidToken = (request: RingRequest): Awaitable<boolean> => {
    const token = readToken(request) ?? undefined;
    return token !== undefined && strategy.validToken(request, token);
  };
  const isAllowed = (request: RingRequest): Awaitable<boolean> =>
    isSafeMethod(request.requestMethod) ||
    (safeHeader !== undefined && /\S/.test(request.headers?.[safeHeader] ?? "")) ||
    hasValidToken(request);
  const letThrough = (request: RingRequest): ReturnType<Handler> =>
    andThen(strategy.getToken(request), (token) =>
      andThen(handler(withToken(request, token) as unknown as R & AntiForgery), (response) =>
        response === null || response === undefined ? response : strategy.writeToken(request, response, token),
      ),
    );
  return tagged("wrapAntiForgery", handler, (request: RingRequest) =>
    andThen(isAllowed(request), (isAllowed) => (isAllowed ? letThrough(request) : refuse(request))),
  ) as unknown as Handler<Omit<R, keyof AntiForgery> & NoInfer<N>>;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", '"': "&quot;", "<": "&lt;" };

/**
 * The hidden field of HTML that sends a token back.
 *
 * @example
 * antiForgeryField("a+b"); // => '<input id="__anti-forgery-token" name="__anti-forgery-token" type="hidden" value="a+b" />'
 * @see Source: `ring.util.anti-forgery/anti-forgery-field`. Differs: it takes the token, there being no dynamic variable.
 */
export function antiForgeryField(token: string): string {
  const value = token.replace(/[&"<]/g, (character) => ENTITIES[character] as string);
  return `<input id="${FIELD}" name="${FIELD}" type="hidden" value="${value}" />`;
}
