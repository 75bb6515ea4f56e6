import type { Awaitable } from "../deferred/index.js";
import { checkOptionNames } from "../errors/options.js";
import { announce, serve } from "../message/index.js";
import { labelled } from "../ring/tag.js";
import type { Handler, RingResponse } from "../ring/types.js";
import { FetchExchange } from "./exchange.js";
import { toRequest } from "./request.js";

/** A server as fetch sees it; what else its host hands it differs from host to host. */
export type FetchHandler<Host extends readonly unknown[] = readonly unknown[]> = (
  request: Request,
  ...host: Host
) => Awaitable<Response>;

/** What a fetch handler does where the Ring handler gives no answer. */
export interface ToFetchOptions<Host extends readonly unknown[] = readonly unknown[]> {
  /** Answers the requests that the handler does not, as fetch does. @default an empty 404 */
  readonly fallback?: FetchHandler<Host> | undefined;
  /**
   * Answers, as Ring does, when the handler fails or its answer cannot be sent; null, and its own failure, are answered as
   * without it. @default the error is logged, and answered with 500 "Internal Server Error"; an error of the kit's that is the
   * client's fault (a `status` of 400 to 499) with that status and its message
   */
  readonly errorHandler?: ((error: unknown) => Awaitable<RingResponse | null | undefined>) | undefined;
  /** The client's address, which a `Request` does not have: of a header, or of what the host tells. @default "" */
  readonly remoteAddr?: ((request: Request, ...host: Host) => string) | undefined;
}

const OPTIONS = ["fallback", "errorHandler", "remoteAddr"];

/**
 * Makes a fetch handler, `(Request) => Promise<Response>`, of a Ring handler: for Hono, Next.js, SvelteKit, Deno, Bun,
 * workers, and tests without a server.
 *
 * The request map is made of the URL and the headers: `serverPort` is the URL's, `remoteAddr` is for an option, `protocol`
 * always "HTTP/1.1", values of repeated headers come joined by ", ", `body` is a web stream. `expressOf`, `wrapExpress` and
 * websockets have nothing to work with (`RING_NO_EXCHANGE`).
 *
 * Responses are checked and written as under Express, every kind of body, and of `file` as much as there is a file system. A
 * body that comes bit by bit is asked for more only while less than 64 KiB wait for a reader. When the client goes away (the
 * request's signal, or the body is cancelled) the body is closed and `abortSignal(request)` fires; an answer that is not
 * there by then is dropped, and whoever still waits for it gets a 499. A body that fails after its first chunk fails for its
 * reader. Statuses go from 200 to 599, names of headers are in lower case, several values of a header stand on one line but
 * for cookies: fetch has no others.
 *
 * It needs `node:` modules: Node, Deno, Bun, or a worker with Node's compatibility.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that there is not.
 * @example
 * const answer = toFetch((request) => ({ status: 200, body: `hello ${request.uri}` }));
 * await (await answer(new Request("http://localhost/Ada"))).text(); // => "hello /Ada"
 * @see Source: `aleph.http/start-server`, as far as there is no server. Differs: null is 404.
 */
export function toFetch<Host extends readonly unknown[] = readonly unknown[]>(
  handler: Handler,
  options: ToFetchOptions<Host> = {},
): (request: Request, ...host: Host) => Promise<Response> {
  checkOptionNames("toFetch", options, OPTIONS);
  const { fallback = notFound, errorHandler, remoteAddr = unknownAddress } = options;
  return labelled("toFetch", handler, (request: Request, ...host: Host) => {
    return new Promise<Response>((resolve) => {
      const pass = (): Awaitable<Response> => fallback(request, ...host);
      const exchange = new FetchExchange(request, resolve, { pass, errorHandler });
      const map = toRequest(exchange, request, remoteAddr(request, ...host));
      announce(exchange, map, handler);
      serve(handler, map, exchange);
    });
  });
}

const notFound = (): Response => new Response(null, { status: 404 });

const unknownAddress = (): string => "";
