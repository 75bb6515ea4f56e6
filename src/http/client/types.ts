/** Requests and responses of the client as maps. Source: `aleph.http`, `clj-http.client`. */

import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { HttpFile } from "../../byte-streams/core.js";
import type { Awaitable } from "../../deferred/index.js";
import type { FormValue } from "../../ring/codec.js";
import type { EXCHANGE, RawExchange } from "../../ring/exchange-symbol.js";
import type { Seq } from "../../ring/seq.js";
import type { Source } from "../../stream/index.js";
import type { HttpCache } from "./cache/http-cache.js";
import type { Cancellable } from "./cancellation.js";
import type { ClientCookie, CookieSpec, CookieStore } from "./cookies.js";
import type { Part } from "./multipart.js";
import type { ConnectionPool } from "./pool.js";
import type { ProxyOptions } from "./proxy.js";

/** What a request body can be. Everything but strings, bytes, blobs and files is sent once only. */
export type ClientBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | FormData
  | HttpFile
  | URL
  | Readable
  | ReadableStream
  | Source<Uint8Array | string>
  | Seq
  | AsyncIterable<Uint8Array | string>
  | Iterator<Uint8Array | string>
  | null
  | undefined;

/** How a header is given: one value, or one line for each element. */
export type ClientHeaderValue = string | number | boolean | readonly (string | number)[];

/** What the body of a response is read as; any other string is a media type of `codecs`, or the name of a charset, and gives text. */
export type As = "stream" | "webStream" | "byteArray" | "string" | "reader" | "json" | "auto" | "x-www-form-urlencoded";

/** How far a transfer has come. */
export interface Progress {
  readonly direction: "upload" | "download";
  /** Bytes so far, as they are on the wire. */
  readonly bytes: number;
  /** Bytes in all; undefined if it is not known. */
  readonly total: number | undefined;
}

/** A request, as it is asked for. Durations are milliseconds, sizes bytes. @see Source: `aleph.http/request`. */
export interface RequestOptions {
  /** Absolute URL; instead of `scheme`, `host`, `port`, `uri` and `queryString`. */
  readonly url?: string | URL | undefined;
  /** @default "http" */
  readonly scheme?: "http" | "https" | undefined;
  readonly host?: string | undefined;
  /** Used without `host`. */
  readonly serverName?: string | undefined;
  /** @default that of the scheme */
  readonly port?: number | undefined;
  /** Used without `port`. */
  readonly serverPort?: number | undefined;
  /** Path. @default "/" */
  readonly uri?: string | undefined;
  readonly queryString?: string | undefined;
  /** In any case; before `requestMethod`. */
  readonly method?: string | undefined;
  readonly requestMethod?: string | undefined;

  /** Added to the query. */
  readonly queryParams?: Params | undefined;
  /** How a list is written: k=1&k=2, k[]=1, k[0]=1, or k=1,2. @default "default" */
  readonly multiParamStyle?: "default" | "array" | "indexed" | "commaSeparated" | undefined;
  /** Becomes the body of POST, PUT, PATCH and DELETE, as `contentType` says: urlencoded or "json". */
  readonly formParams?: Params | undefined;
  /** Charset of an urlencoded form. @default "utf-8" */
  readonly formParamEncoding?: string | undefined;
  /** Leave maps inside `queryParams` as they are. @default false */
  readonly ignoreNestedQueryString?: boolean | undefined;
  /** Write maps inside `formParams` as a[b]=c. @default true of urlencoded forms, false of others */
  readonly flattenNestedFormParams?: boolean | undefined;
  /** Which of the two are flattened; not together with the two options before. */
  readonly flattenNestedKeys?: readonly ("queryParams" | "formParams")[] | undefined;

  readonly headers?: Readonly<Record<string, ClientHeaderValue | undefined>> | undefined;
  /** "json" is "application/json"; a full media type is taken as it is. */
  readonly contentType?: string | undefined;
  /** Added to the content type. */
  readonly characterEncoding?: string | undefined;
  /** "json" is "application/json". */
  readonly accept?: string | undefined;
  readonly acceptEncoding?: string | readonly string[] | undefined;
  /** "user:password", or both. */
  readonly basicAuth?: string | readonly string[] | null | undefined;
  /** Answers the challenge of a 401. */
  readonly digestAuth?: readonly [user: string, password: string] | undefined;
  /** Sent as bearer token; before `basicAuth`. */
  readonly oauthToken?: string | undefined;

  readonly body?: ClientBody;
  /** Bytes of a body that does not know it; it is sent with content-length instead of in chunks. */
  readonly length?: number | undefined;
  /** Charset of a body that is text. @default "utf-8" */
  readonly bodyEncoding?: string | undefined;
  /** Parts of a form; instead of `body`. */
  readonly multipart?: readonly Part[] | FormData | undefined;
  /** Kind of `multipart`. @default "form-data" */
  readonly mimeSubtype?: string | undefined;

  /** Sent if there is no cookie header; before those of `cookieStore`. */
  readonly cookies?:
    | readonly ClientCookie[]
    | Readonly<Record<string, string | Omit<ClientCookie, "name">>>
    | undefined;
  /** Sends its cookies, keeps those of responses. */
  readonly cookieStore?: CookieStore | undefined;
  readonly cookieSpec?: CookieSpec | undefined;

  /** What the body of the response is read as. @default "stream" */
  readonly as?: As | (string & {}) | undefined;
  /** Is the body a stream of the kit? @default that of the pool, which is false */
  readonly rawStream?: boolean | undefined;
  /** For which statuses JSON is parsed; others give text. @default "unexceptional" */
  readonly coerce?: "unexceptional" | "exceptional" | "always" | undefined;
  /**
   * Writes and reads further media types, by name: for `formParams` with that `contentType`, and bodies with `as` of that name,
   * or "auto" if the response has it.
   */
  readonly codecs?: Readonly<Record<string, Codec>> | undefined;
  /** For JSON: `reviver` of `JSON.parse`, `replacer` of `JSON.stringify`. */
  readonly jsonOpts?: JsonOptions | undefined;
  /** Largest body read by `as`, after decompression. @default 104_857_600 (100 MiB) */
  readonly maxBytes?: number | undefined;
  /** Ask for gzip, deflate and br, and decode them. @default true */
  readonly decompressBody?: boolean | undefined;

  /** @default true */
  readonly followRedirects?: boolean | undefined;
  /** @default 20 */
  readonly maxRedirects?: number | undefined;
  /** Follow redirects of other methods than GET and HEAD too. @default false */
  readonly forceRedirects?: boolean | undefined;
  /**
   * clj-http's names for which redirects are followed, in place of `forceRedirects`. "none": none. "default": those of GET and HEAD,
   * and too many are an error. "lax": those of POST too, as with `forceRedirects`. "graceful": as "default", but the last
   * one is the answer if they are too many. Or an object that decides.
   */
  readonly redirectStrategy?: "none" | "default" | "lax" | "graceful" | RedirectStrategy | undefined;
  /** Follow redirects to where the request has been already, up to `maxRedirects`. @default true */
  readonly allowCircularRedirects?: boolean | undefined;
  /** Follow redirects to a relative URL. @default true */
  readonly allowRelativeRedirects?: boolean | undefined;
  /** Send credentials (authorization, cookies given by hand) also to another origin. @default false */
  readonly keepCredentials?: boolean | undefined;
  /** Follow from https to http. @default false */
  readonly allowInsecureRedirects?: boolean | undefined;
  /** Fail with a `StatusError` on an error status. @default true */
  readonly throwExceptions?: boolean | undefined;
  /** Which statuses are no error. @default 200-207, 300-304, 307, 308 */
  readonly unexceptionalStatus?: ((status: number) => boolean) | undefined;
  /** Asked after an I/O error whether to try again; only for idempotent methods and bodies that can be sent again. */
  readonly retryHandler?: ((error: unknown, count: number, request: ClientRequest) => Awaitable<boolean>) | undefined;

  /** Wraps everything, redirects included. */
  readonly middleware?: ClientMiddleware | undefined;
  /** Called for every exchange, those of redirects included; may replace the request. */
  readonly requestInterceptor?: ((request: ClientRequest) => Awaitable<ClientRequest>) | undefined;
  /** Called for every exchange, those of redirects included; may replace the response. */
  readonly responseInterceptor?:
    | ((response: ClientResponse, request: ClientRequest) => Awaitable<ClientResponse>)
    | undefined;
  /** Called for each chunk sent or received. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Adds `request` and `wireRequest` to the response. @default false */
  readonly saveRequest?: boolean | undefined;
  /** Prints each request and the head of its response, to the console or with a function. @default false */
  readonly debug?: boolean | ((text: string) => void) | undefined;
  /** Adds `requestBody` to the response, and prints it with `debug`. @default false */
  readonly debugBody?: boolean | undefined;

  /** Answers from it what may be answered so, and keeps responses in it; null is none. @default that of the pool, which is none */
  readonly cache?: HttpCache | null | undefined;
  /** A proxy for this request; null is none. @default that of the pool */
  readonly proxyOptions?: ProxyOptions | null | undefined;
  /** @default a pool with default options */
  readonly pool?: ConnectionPool | undefined;
  /** Cancels the request, in whatever phase it is. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait for a connection of the pool. @default none */
  readonly poolTimeout?: number | undefined;
  /** Longest wait for a connection to be established; the pool's `connectTimeout` acts too. @default none */
  readonly connectionTimeout?: number | undefined;
  /** Longest wait from sending to the head of the response. @default none */
  readonly requestTimeout?: number | undefined;
  /** Longest time from the head of the response to its end. @default that of the pool, which is none */
  readonly readTimeout?: number | undefined;
  /** Longest silence of the server while it is waited for: for the head, and between two pieces of the body. @default none */
  readonly socketTimeout?: number | undefined;
  /** clj-http's old name of `connectionTimeout`. */
  readonly connTimeout?: number | undefined;
  /** clj-http's name of `poolTimeout`. */
  readonly connectionRequestTimeout?: number | undefined;
  /** clj-http's old name of `poolTimeout`. */
  readonly connRequestTimeout?: number | undefined;
}

/** Decides about redirects, by requests with their `requestMethod` in lower case. @see Source: `RedirectStrategy` of Apache's client. */
export interface RedirectStrategy {
  /** Is another request to be sent? */
  isRedirected(request: ClientRequest, response: ClientResponse<unknown>): boolean;
  /**
   * Where to, or what else is to be another one in the next request. Without it, where `location` says; the method becomes GET, but with
   * 307 and 308. Credentials of the request before do not go to another origin; those given here do.
   */
  getRedirect?(request: ClientRequest, response: ClientResponse<unknown>): string | URL | RequestOptions;
}

/** A link of a `link` header: `href`, as it was sent, and its parameters by lower-case name. */
export interface Link {
  readonly href: string;
  readonly [parameter: string]: string;
}

/** Writes and reads a media type. */
export interface Codec {
  /** Writes `formParams`. */
  encode?(value: unknown): string | Uint8Array;
  /** Reads a body, for `as`. */
  decode?(bytes: Uint8Array, charset: string): unknown;
}

/** What `JSON.parse` and `JSON.stringify` are given besides the value. */
export interface JsonOptions {
  readonly reviver?: ((this: unknown, key: string, value: unknown) => unknown) | undefined;
  readonly replacer?: ((this: unknown, key: string, value: unknown) => unknown) | undefined;
}

/** Parameters by name; lists and maps as values. */
export type Params = { readonly [name: string]: FormValue };

/** A request on its way through the chain. */
export interface ClientRequest extends RequestOptions, Cancellable {}

/** Header fields by lower-case name; repeats are joined by ",", `set-cookie` is a list. A map without prototype. */
export type ClientResponseHeaders = Readonly<IncomingHttpHeaders>;

/** A response as a map. @see Source: `aleph.http/request`. */
export interface ClientResponse<B = Readable> extends AsyncDisposable {
  readonly status: number;
  readonly headers: ClientResponseHeaders;
  readonly body: B;
  /** Milliseconds from sending to the head of the response. */
  readonly requestTime: number;
  /** Milliseconds from the call to an established connection. */
  readonly connectionTime: number;
  /** May the connection be used again? */
  readonly keepAlive: boolean;
  /** "OK" */
  readonly reasonPhrase: string;
  /** "HTTP/1.1" or "HTTP/2.0" */
  readonly protocolVersion: string;
  /** Bytes of the body, if the server says how many. */
  readonly length?: number | undefined;
  /** The URLs that were followed, without the original. */
  readonly traceRedirects?: readonly string[] | undefined;
  /** The cookies that were set, with a `cookieStore`. */
  readonly cookies?: readonly ClientCookie[] | undefined;
  /** The `content-encoding` that was undone. */
  readonly origContentEncoding?: string | undefined;
  /** The `link` headers, by what they are: "next", for example. */
  readonly links?: Readonly<Record<string, Link>> | undefined;
  /** What the cache did; with `cache`, if the request did not go past it. */
  readonly cached?: "CACHE_HIT" | "CACHE_MISS" | "VALIDATED" | "CACHE_MODULE_RESPONSE" | undefined;
  /** The request as the chain made it; with `saveRequest`. */
  readonly request?: ClientRequest | undefined;
  /** What was sent; with `saveRequest`. */
  readonly wireRequest?: WireRequest | undefined;
  /** With `debugBody`. */
  readonly requestBody?: ClientBody;
  /** For `getAll`. */
  readonly [EXCHANGE]?: RawExchange | undefined;
  /** Lets go of the body: what is left of it is not wanted. */
  close(): void;
}

/** The head of a request as it goes out. */
export interface WireRequest {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

/** From a request to a response. */
export type Client = (request: ClientRequest) => Awaitable<ClientResponse<unknown>>;

/** Wraps a client; synchronous steps stay synchronous. */
export type ClientMiddleware = (client: Client) => Client;

/** Options whose `as` and `rawStream` are known, so that the type of the body is. */
export type Asked<A extends RequestOptions["as"], R extends boolean | undefined> = RequestOptions & {
  readonly as?: A;
  readonly rawStream?: R;
};

/** The type of the body that these values of `as` and `rawStream` ask for. */
export type BodyOf<A extends RequestOptions["as"], R extends boolean | undefined = undefined> = [A] extends [
  "stream" | undefined,
]
  ? [R] extends [true]
    ? Source<Uint8Array>
    : Readable
  : string extends A
    ? unknown
    : A extends keyof Bodies
      ? Bodies[A]
      : string;

interface Bodies {
  readonly webStream: ReadableStream<Uint8Array>;
  readonly byteArray: Uint8Array;
  readonly json: unknown;
  readonly auto: unknown;
  readonly reader: AsyncIterable<string>;
  readonly "x-www-form-urlencoded": Readonly<Record<string, string | readonly string[]>>;
}
