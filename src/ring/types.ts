/** The request map, the response map and the handler: Ring's SPEC as types. Maps are plain data and never changed. */

import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { PeerCertificate } from "node:tls";
import type { ByteBody, HttpFile } from "../byte-streams/core.js";
import type { Awaitable } from "../deferred/index.js";
import type { Source } from "../stream/index.js";
import type { EXCHANGE, RawExchange } from "./exchange-symbol.js";
import type { Seq } from "./seq.js";

/** Header fields by lower-case name; repeats are joined by "," (cookie by ";"). */
export type RequestHeaders = Readonly<Record<string, string>>;

/** One header value, or one line for each element. */
export type HeaderValue = string | number | readonly string[];

/** Header fields by name, sent as they are spelt. */
export type ResponseHeaders = Readonly<Record<string, HeaderValue>>;

/** What a request body can be: Node's message as it came, or what middleware and tests put in its place. */
export type RequestBody = ByteBody;

/** An HTTP request as a map. Keys without a value are absent. @see Source: Ring's SPEC, section 2. */
export interface RingRequest {
  /** The port of the socket that the request came in on. */
  readonly serverPort: number;
  /** The host name the client asked for; the socket's address without a Host header. */
  readonly serverName: string;
  /** Address of the client, or of the last proxy that is not trusted. */
  readonly remoteAddr: string;
  /** Path without query, not decoded, beginning with "/". */
  readonly uri: string;
  /** What follows the first "?", not decoded; absent without one. */
  readonly queryString?: string | undefined;
  readonly scheme: "http" | "https" | "ws" | "wss";
  /** Lower case: "get". */
  readonly requestMethod: string;
  /** "HTTP/1.1" */
  readonly protocol: string;
  readonly headers: RequestHeaders;
  /** The client's certificate, on TLS connections that asked for one. */
  readonly sslClientCert?: PeerCertificate | undefined;
  /** Absent where the request has none, or an earlier parser has read it (see `parsedBody`). */
  readonly body?: RequestBody | undefined;
  /** What an Express body parser (json, urlencoded, multer) made of the body. */
  readonly parsedBody?: unknown;
  /** The path under which the handler is mounted. */
  readonly context?: string | undefined;
  /** The path inside the mount. */
  readonly pathInfo?: string | undefined;
  /** The parameters of the route: Express's `req.params`. */
  readonly routeParams?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** The exchange on the wire, where there is one. */
  readonly [EXCHANGE]?: RawExchange | undefined;
}

/** What a response body can be. Arrays, sets, maps and plain objects are data: encode them first (`wrapJsonResponse`) or say `seq(...)`. */
export type Body =
  | null
  | undefined
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Iterator<unknown>
  | Seq
  | AsyncIterable<unknown>
  | Readable
  | ReadableStream
  | Source<unknown>
  | HttpFile
  | URL;

/** Attributes of a cookie, written in the order they are given. */
export interface CookieAttributes {
  readonly path?: string | null | undefined;
  readonly domain?: string | null | undefined;
  /** Seconds. */
  readonly maxAge?: number | null | undefined;
  readonly expires?: string | Date | null | undefined;
  readonly secure?: boolean | null | undefined;
  readonly httpOnly?: boolean | null | undefined;
  readonly sameSite?: "strict" | "lax" | "none" | null | undefined;
  readonly partitioned?: boolean | null | undefined;
}

/** A cookie to set: its value, or its value and attributes. */
export type ResponseCookie = CookieValue | ({ readonly value: CookieValue } & CookieAttributes);

/** What the value of a cookie to set may be. */
export type CookieValue = string | number | boolean | null | readonly (string | number | boolean)[];

/** An HTTP response as a map. @see Source: Ring's SPEC, section 3. */
export interface RingResponse {
  /** @default 200 */
  readonly status?: number | undefined;
  readonly headers?: ResponseHeaders | undefined;
  readonly body?: Body;
  /** Written by `wrapCookies`. */
  readonly cookies?: Readonly<Record<string, ResponseCookie>> | undefined;
  /** Stored by `wrapSession`: absent changes nothing, null deletes the session. */
  readonly session?: object | null | undefined;
  /** For this response's session cookie. */
  readonly sessionCookieAttrs?: CookieAttributes | undefined;
  /** Kept by `wrapFlash` for the next request. */
  readonly flash?: unknown;
  /** Makes it a websocket response. */
  readonly websocketListener?: WebsocketListener | undefined;
  /** The sub-protocol chosen, one of those the client offered. */
  readonly websocketProtocol?: string | undefined;
}

/** A response whose body may also be data, for middleware to write (`wrapJsonResponse`); by itself it cannot be sent. */
export interface DataResponse extends Omit<RingResponse, "body"> {
  readonly body?: unknown;
}

/** A response map as the makers here return it; a {@link RingResponse} if `B` is a {@link Body}. */
export interface MadeResponse<B = Body> extends DataResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: B;
}

/** A web application: from a request map to a response map, now or later; nothing means "not mine". */
export type Handler<Req = RingRequest, Res = RingResponse> = (request: Req) => Awaitable<Res | null | undefined>;

/** Ring's three-argument handler: answers by calling exactly one of the two. */
export type AsyncHandler<Req = RingRequest, Res = RingResponse> = (
  request: Req,
  respond: (response: Res | null | undefined) => void,
  raise: (error: unknown) => void,
) => void;

/** A socket of Ring's websockets. @see Source: `ring.websocket.protocols/Socket`, `/AsyncSocket`. */
export interface WebsocketSocket {
  /** Can messages be sent? */
  isOpen(): boolean;
  /** Sends a message: a string as text, bytes as binary. With callbacks, one of them is called once it is on its way. */
  send(message: string | Uint8Array, succeed?: () => void, fail?: (error: unknown) => void): void;
  /** Sends a ping, with up to 125 bytes. */
  ping(data?: Uint8Array): void;
  /** Sends a pong, with up to 125 bytes. */
  pong(data?: Uint8Array): void;
  /** Starts the closing handshake. @param code 1000 by default */
  close(code?: number, reason?: string): void;
}

/** What happens on a websocket; every event is optional. @see Source: `ring.websocket.protocols/Listener`. */
export interface WebsocketListener {
  /** The handshake is complete. */
  onOpen?(socket: WebsocketSocket): void;
  /** A whole message came: text as a string, binary as bytes. */
  onMessage?(socket: WebsocketSocket, message: string | Uint8Array): void;
  /** Without it, a ping is answered by a pong with the same data; with it, the answer is yours to give. */
  onPing?(socket: WebsocketSocket, data: Uint8Array): void;
  /** A pong came, with the data of the ping that it answers. */
  onPong?(socket: WebsocketSocket, data: Uint8Array): void;
  /** Something went wrong. */
  onError?(socket: WebsocketSocket, error: unknown): void;
  /** The websocket is closed; the code is 1005 if the peer gave none. */
  onClose?(socket: WebsocketSocket, code: number, reason: string): void;
}
