/** Request maps for tests, built step by step. Source: `ring.mock.request`. */

import { Buffer } from "node:buffer";
import { type FormValue, formEncode } from "../ring/codec.js";
import type { RequestBody, RingRequest } from "../ring/types.js";
import { byteStream } from "./stream.js";
import { parseUri } from "./uri.js";

/** A request, or as much of one as a test needs. */
export type Mockable = { readonly [K in keyof RingRequest]?: RingRequest[K] };

/** Parameters: names and their values, an array for several. */
export type MockParams = { readonly [name: string]: FormValue };

type WithHeaders = { readonly headers: Readonly<Record<string, string>> };
type WithContentType = WithHeaders & { readonly contentType: string };
type WithContentLength = WithHeaders & { readonly contentLength: number };
type WithBody = WithContentLength & { readonly body: RequestBody };

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** Methods whose parameters go into the query. */
const QUERY_METHODS: readonly string[] = ["get", "head", "delete"];

/**
 * Makes a request map as an adapter would.
 *
 * @param method Lower case: "get".
 * @param uri A path, or a whole URL. @default of what it leaves out: `http://localhost`, port 80, or 443 for https
 * @param params For get, head and delete added to the query; otherwise the body, as {@link body} writes it.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a URI with characters that must be escaped.
 * @example
 * const asked = request("get", "https://example.com/search?page=2", { q: "a b" });
 * [asked.serverName, asked.serverPort, asked.queryString]; // => ["example.com", 443, "page=2&q=a+b"]
 * @see Source: `ring.mock.request/request`.
 */
export function request(method: string, uri: string, params?: MockParams | string | Uint8Array | null): RingRequest {
  const { scheme = "http", host = "localhost", port, path, query } = parseUri(uri);
  const serverPort = port ?? DEFAULT_PORTS[scheme];
  const request: Mockable = {
    protocol: "HTTP/1.1",
    ...(serverPort !== undefined && { serverPort }),
    serverName: host,
    remoteAddr: "127.0.0.1",
    uri: path === "" ? "/" : path,
    ...(query !== undefined && { queryString: query }),
    scheme: scheme as RingRequest["scheme"],
    requestMethod: method,
    headers: { host: port === undefined ? host : `${host}:${port}` },
  };
  return withParams(request, params) as RingRequest;
}

function withParams(request: Mockable, params: MockParams | string | Uint8Array | null | undefined): Mockable {
  if (params === undefined || params === null) return request;
  if (!QUERY_METHODS.includes(request.requestMethod ?? "") || ArrayBuffer.isView(params)) return body(request, params);
  const added = typeof params === "string" ? params : formEncode(params);
  return { ...request, queryString: [request.queryString, added].filter(Boolean).join("&") };
}

/**
 * Sets a header; its name becomes lower case.
 *
 * @example
 * header({ uri: "/" }, "Accept", "text/html"); // => { uri: "/", headers: { accept: "text/html" } }
 * @see Source: `ring.mock.request/header`.
 */
export function header<R extends Mockable>(request: R, name: string, value: string | number): R & WithHeaders {
  return { ...request, headers: { ...request.headers, [name.toLowerCase()]: String(value) } };
}

/**
 * Adds a cookie to those in the header, as it is: nothing is encoded.
 *
 * @example
 * cookie(cookie({}, "a", "1"), "b", "2"); // => { headers: { cookie: "a=1; b=2" } }
 * @see Source: `ring.mock.request/cookie`.
 */
export function cookie<R extends Mockable>(request: R, name: string, value: string | number): R & WithHeaders {
  const before = request.headers?.["cookie"];
  const pair = `${name}=${value}`;
  return header(request, "cookie", before === undefined ? pair : `${before}; ${pair}`);
}

/** Sets the type of the body, as header and as key. @see Source: `ring.mock.request/content-type`. */
export function contentType<R extends Mockable>(request: R, type: string): R & WithContentType {
  return { ...header(request, "content-type", type), contentType: type };
}

/** Sets the length of the body in bytes, as header and as key. @see Source: `ring.mock.request/content-length`. */
export function contentLength<R extends Mockable>(request: R, bytes: number): R & WithContentLength {
  return { ...header(request, "content-length", bytes), contentLength: bytes };
}

/**
 * Sets the query string: text as it is, parameters encoded as a form; null changes nothing.
 *
 * @example
 * queryString({ uri: "/" }, { q: "a b" }); // => { uri: "/", queryString: "q=a+b" }
 * @see Source: `ring.mock.request/query-string`.
 */
export function queryString<R extends Mockable>(request: R, params: MockParams | string | null): R {
  if (params === null) return request;
  return { ...request, queryString: typeof params === "string" ? params : formEncode(params) };
}

/**
 * Sets the body, a stream to be read once, and its length: text is sent in UTF-8, bytes as they are, parameters as a form
 * with its content type; null changes nothing.
 *
 * @example
 * const posted = body(request("post", "/"), { q: "a b" });
 * posted.headers["content-type"]; // => "application/x-www-form-urlencoded"
 * await bodyString(posted); // => "q=a+b"
 * @see Source: `ring.mock.request/body`.
 */
export function body<R extends Mockable>(request: R, content: MockParams | string | Uint8Array): R & WithBody;
export function body<R extends Mockable>(request: R, content: MockParams | string | Uint8Array | null): R | WithBody;
export function body(request: Mockable, content: MockParams | string | Uint8Array | null): Mockable {
  if (content === null) return request;
  if (ArrayBuffer.isView(content)) return withBytes(request, content as Uint8Array);
  if (typeof content === "string") return withBytes(request, Buffer.from(content));
  return withBytes(contentType(request, "application/x-www-form-urlencoded"), Buffer.from(formEncode(content)));
}

function withBytes<R extends Mockable>(request: R, bytes: Uint8Array): R & WithBody {
  return { ...contentLength(request, bytes.byteLength), body: byteStream([bytes]) };
}

/**
 * Sets the body to data as JSON, with type and length.
 *
 * @throws {TypeError} for what JSON cannot write: cycles, big integers.
 * @example
 * await bodyString(jsonBody({}, { a: [1, null] })); // => '{"a":[1,null]}'
 * @see Source: `ring.mock.request/json-body`.
 */
export function jsonBody<R extends Mockable>(request: R, data: unknown): R & WithContentType & WithBody {
  return withBytes(contentType(request, "application/json"), Buffer.from(JSON.stringify(data ?? null)));
}
