import { Buffer } from "node:buffer";
import { Readable, Transform } from "node:stream";
import { Gathered, isReadable, readBytes } from "../../../byte-streams/core.js";
import { type Awaitable, andThen, catchError, isDeferrable, toDeferred } from "../../../deferred/index.js";
import { logError } from "../../../errors/index.js";
import { parseUrl } from "../../../ring/parse-url.js";
import { isSource, toReadable, toSource } from "../../../stream/index.js";
import type { HttpCache } from "../cache/http-cache.js";
import { type AskedFor, askedFor, hasDirective, type Judgement, judge, policyOf, updated } from "../cache/policy.js";
import type { CachedResponse } from "../cache/store.js";
import { Cancellation } from "../cancellation.js";
import { withHeader } from "../headers.js";
import { isRedirect, makeResponse } from "../response.js";
import { piped } from "../response-body.js";
import type { Client, ClientRequest, ClientResponse, ClientResponseHeaders } from "../types.js";

type Response = ClientResponse<unknown>;

/** Headers of requests that want something else than the whole of what is there. */
const OWN_CONDITIONS = ["range", "if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
/** A server that answers so has failed (RFC 5861). */
const FAILURES = new Set([500, 502, 503, 504]);

function urlOf({ scheme = "http", host, port, uri = "/", queryString }: ClientRequest): string {
  const query = queryString === undefined || queryString === "" ? "" : `?${queryString}`;
  return new URL(`${scheme}://${host}${port === undefined ? "" : `:${port}`}${uri}${query}`).href;
}

/** One request that a cache has a part in. */
class Lookup {
  readonly #client: Client;
  readonly #request: ClientRequest;
  readonly #cache: HttpCache;
  readonly #asked: AskedFor;
  readonly #url: string;
  readonly #key: string;

  constructor(client: Client, request: ClientRequest, cache: HttpCache, asked: AskedFor) {
    this.#client = client;
    this.#request = request;
    this.#cache = cache;
    this.#asked = asked;
    this.#url = urlOf(request);
    this.#key = cache.keyOf(this.#url, asked);
  }

  /** A GET or HEAD. */
  answer(): Awaitable<Response> {
    return andThen(this.#cache.read(this.#key), (responses) => {
      const found = this.#judge(responses);
      if (found?.isFresh === true) return this.#from(found, found.headers, "CACHE_HIT");
      if (hasDirective(this.#asked, "only-if-cached")) return this.#notThere();
      return found === undefined || Object.keys(found.conditions).length === 0
        ? andThen(this.#sent(this.#request, found), (response) => this.#received(response, found))
        : this.#validated(found);
    });
  }

  /** A store may give back what nobody has put there. */
  #judge(responses: readonly CachedResponse[]): Judgement | undefined {
    try {
      return judge(responses, this.#asked);
    } catch (error) {
      logError(error, "the store of a cache gave what is no response; it is as if nothing were kept");
      return undefined;
    }
  }

  /** A request that changes what is there. */
  invalidate(): Awaitable<Response> {
    return andThen(this.#client(this.#request), (response) => {
      if (response.status >= 400) return response;
      const { location, "content-location": contentLocation } = response.headers;
      const urls = [this.#url];
      for (const other of [location, contentLocation]) {
        const url = other === undefined ? undefined : parseUrl(other, this.#url);
        if (url === undefined) continue;
        url.hash = "";
        if (url.origin === new URL(this.#url).origin) urls.push(url.href);
      }
      const forgotten = urls.map((url) => this.#cache.forget(this.#cache.keyOf(url, this.#asked)));
      return forgotten.some(isDeferrable) ? Promise.all(forgotten.map(toDeferred)).then(() => response) : response;
    });
  }

  #validated(found: Judgement): Awaitable<Response> {
    let request = this.#request;
    for (const [name, value] of Object.entries(found.conditions)) request = withHeader(request, name, value as string);
    return andThen(this.#sent(request, found), (response) => {
      if (response.status !== 304) return this.#received(response, found);
      drain(response.body);
      const headers = updated(found.kept, response.headers);
      const { status } = found.kept;
      const policy = policyOf(this.#asked, status, headers, this.#cache.options);
      const done =
        policy === undefined
          ? this.#cache.forget(this.#key)
          : this.#cache.keep(this.#key, this.#asked, { ...found.kept, policy });
      return andThen(done, () => this.#from(found, served(headers), "VALIDATED"));
    });
  }

  /** Sends it; if that fails, what is kept may do. */
  #sent(request: ClientRequest, found: Judgement | undefined): Awaitable<Response> {
    const response = this.#client(request);
    if (found?.isForErrors !== true || !isDeferrable(response)) return response;
    return catchError(toDeferred(response as PromiseLike<Response>), (error) => {
      if (Cancellation.of(request)?.reason !== undefined) throw error;
      return this.#from(found, found.headers, "CACHE_HIT");
    });
  }

  /** An answer of the server, which is kept when it was read, if that may be. */
  #received(response: Response, found: Judgement | undefined): Awaitable<Response> {
    if (response.cached !== undefined) return response;
    if (found?.isForErrors === true && FAILURES.has(response.status)) {
      drain(response.body);
      return this.#from(found, found.headers, "CACHE_HIT");
    }
    const missed: Response = { ...response, cached: "CACHE_MISS" };
    const { maxObjectSize, options } = this.#cache;
    if (this.#asked.method !== "GET" || (response.length ?? 0) > maxObjectSize) return missed;
    const { status, headers, reasonPhrase, protocolVersion } = response;
    const policy = policyOf(this.#asked, status, headers, options);
    if (policy === undefined) return missed;
    const keep = (body: Buffer): Awaitable<void> =>
      this.#cache.keep(this.#key, this.#asked, { policy, status, reasonPhrase, protocolVersion, body });
    if (isRedirect(response) && response.length !== undefined) return whole(missed, response.length, keep);
    const kept = keeping(response.body, maxObjectSize, keep);
    return kept === undefined ? missed : { ...missed, body: kept };
  }

  #from({ kept }: Judgement, headers: ClientResponseHeaders, cached: Response["cached"]): Response {
    const { status, reasonPhrase, protocolVersion, body } = kept;
    const { length } = body;
    // A copy: whoever gets it may write into it.
    return this.#made({ status, reasonPhrase, protocolVersion, headers, cached, length }, Buffer.from(body));
  }

  #notThere(): Response {
    const facts = { status: 504, reasonPhrase: "Gateway Timeout", protocolVersion: "HTTP/1.1", headers: {}, length: 0 };
    return this.#made({ ...facts, cached: "CACHE_MODULE_RESPONSE" }, Buffer.alloc(0));
  }

  #made(
    facts: Pick<Response, "status" | "headers" | "reasonPhrase" | "protocolVersion" | "cached" | "length">,
    bytes: Buffer,
  ): Response {
    const request = this.#request;
    const isEmpty = bytes.length === 0 || this.#asked.method === "HEAD";
    const body = Readable.from(isEmpty ? [] : [bytes], { objectMode: false });
    const isRaw = request.rawStream ?? request.pool?.options.rawStream ?? false;
    return makeResponse({
      ...facts,
      body: isRaw && (request.as ?? "stream") === "stream" ? toSource<Uint8Array>(body) : body,
      requestTime: 0,
      connectionTime: 0,
      keepAlive: true,
      ...(request.saveRequest === true ? { request } : {}),
      ...(request.debugBody === true ? { requestBody: request.body } : {}),
    });
  }
}

/** Of a response that the server has just confirmed. */
function served(headers: ClientResponseHeaders): ClientResponseHeaders {
  const { "set-cookie": _, ...others } = headers;
  return others;
}

/** Reads what is not wanted, which is nothing or little, so that the connection is free. */
function drain(body: unknown): void {
  const readable = isSource(body) ? toReadable(body) : body;
  if (isReadable(readable)) readable.on("error", () => {}).resume();
}

/** A redirect, whose body whoever follows it does not read: it is received before. */
async function whole(response: Response, maxBytes: number, keep: (bytes: Buffer) => unknown): Promise<Response> {
  const { body } = response;
  let bytes = Buffer.alloc(0);
  try {
    bytes = Buffer.from(await readBytes(body as Readable, { maxBytes }));
    await keep(bytes);
  } catch {
    // What a redirect says counts, not what it looks like.
  }
  const again = Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false });
  return { ...response, body: isReadable(body) ? again : toSource<Uint8Array>(again) };
}

/** The body, whose bytes are handed on when all of them were read, if they are not too many; undefined if it is none. */
function keeping(body: unknown, most: number, keep: (bytes: Buffer) => unknown): unknown {
  const readable = isReadable(body) ? body : isSource(body) ? toReadable(body) : undefined;
  if (readable === undefined) return undefined;
  let gathered: Gathered | undefined = new Gathered();
  const passed = new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      // A copy: whoever reads it may write into it.
      gathered?.add(Buffer.from(chunk));
      if ((gathered?.length ?? 0) > most) gathered = undefined;
      callback(null, chunk);
    },
    flush(callback) {
      if (gathered !== undefined) keep(gathered.copy());
      callback();
    },
  });
  const all = piped(readable, passed);
  return isReadable(body) ? all : toSource<Uint8Array>(all);
}

/**
 * Client middleware: answers from the `cache` of the request, or of its pool, and keeps responses in it; see `httpCache`.
 *
 * It has its place where the request is complete, with all headers that `Vary` may name, and bodies are as on the wire:
 * behind `wrapDecompression`.
 *
 * @example
 * const client = http.wrapMethod(http.wrapUrl(http.wrapCache(http.wire)));
 * const response = await client({ method: "get", url: upstream, cache: http.httpCache() });
 */
export function wrapCache(client: Client): Client {
  return (request) => {
    const cache = request.cache === undefined ? request.pool?.cache : request.cache;
    if (cache === undefined || cache === null) return client(request);
    const asked = askedFor(request);
    const lookup = new Lookup(client, request, cache, asked);
    if (!SAFE.has(asked.method)) return lookup.invalidate();
    const isAsked = asked.method === "GET" || asked.method === "HEAD";
    const hasBody = request.body !== undefined && request.body !== null;
    if (!isAsked || hasBody || OWN_CONDITIONS.some((name) => asked.headers[name] !== undefined)) return client(request);
    return lookup.answer();
  };
}
