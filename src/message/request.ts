import { type IncomingMessage, METHODS } from "node:http";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { EXCHANGE } from "../ring/exchange-symbol.js";
import type { RequestHeaders, RingRequest } from "../ring/types.js";
import type { Exchange } from "./exchange.js";
import { isHttp2 } from "./http2.js";
import { remembering } from "./remembering.js";

/** What a host knows better than the socket does: behind proxies, under mounts, after body parsers. */
export interface HostFacts {
  /** The request target as it came. */
  readonly target: string;
  readonly remoteAddr: string;
  readonly scheme: string;
  /** @default the host of the Host header */
  readonly serverName?: string | undefined;
  readonly context?: string | undefined;
  readonly pathInfo?: string | undefined;
  readonly routeParams?: RingRequest["routeParams"];
}

type Draft = { -readonly [K in keyof RingRequest]: RingRequest[K] } & { [EXCHANGE]: Exchange };

/** Reads Node's request into a request map. The exchange rides along on a symbol, so it survives `{ ...request }`. */
export function toRequest(exchange: Exchange, facts: HostFacts): RingRequest {
  const { req } = exchange;
  const target = originForm(facts.target);
  const question = target.indexOf("?");
  // Look-ups on Express's requests are slow, most of all of what is not there: each is made once, or not at all.
  const { socket } = req;
  const { headers } = exchange;
  const request: Draft = {
    serverPort: socket.localPort ?? 0,
    serverName: facts.serverName ?? hostName(headers.host) ?? localAddress(req),
    remoteAddr: unmapped(facts.remoteAddr),
    uri: question === -1 ? target : target.slice(0, question),
    scheme: facts.scheme as RingRequest["scheme"],
    requestMethod: inLowerCase(req.method as string),
    protocol: req.httpVersion === "1.1" ? "HTTP/1.1" : `HTTP/${req.httpVersion}`,
    headers,
    [EXCHANGE]: exchange,
  };
  if (question !== -1) request.queryString = target.slice(question + 1);
  if (facts.context !== undefined) request.context = facts.context;
  if (facts.pathInfo !== undefined) request.pathInfo = facts.pathInfo;
  if (facts.routeParams !== undefined) request.routeParams = facts.routeParams;
  if (hasBody(req, headers)) addBody(request, exchange);
  if ("encrypted" in socket) addCertificate(request, socket as TLSSocket);
  return request;
}

/** Methods as a request map names them. A map that knows them is faster than making each anew, and they are found faster by routers. */
const methods = new Map(METHODS.map((method) => [method, method.toLowerCase()]));

function inLowerCase(method: string): string {
  return methods.get(method) ?? method.toLowerCase();
}

/** What the socket says, for hosts that know nothing more. */
export function socketFacts(req: IncomingMessage): HostFacts {
  return {
    target: req.url as string,
    remoteAddr: req.socket.remoteAddress ?? "",
    scheme: socketScheme(req),
  };
}

/** Is the connection encrypted? */
export function socketScheme(req: IncomingMessage): "http" | "https" {
  return "encrypted" in req.socket ? "https" : "http";
}

/** The host of the Host header, without its port. */
const hostName = remembering((host: string | undefined): string | undefined => {
  if (host === undefined) return undefined;
  // The colons inside the brackets of an IPv6 address begin no port.
  const colon = host.indexOf(":", host.startsWith("[") ? host.indexOf("]") + 1 : 0);
  return colon === -1 ? host : host.slice(0, colon);
});

/** The address that the request came in on; "" on a unix socket. */
export function localAddress(req: IncomingMessage): string {
  return unmapped(req.socket.localAddress ?? "");
}

/** A socket that listens for both kinds of addresses spells an IPv4 address as an IPv6 one. */
const unmapped = remembering((address: string): string =>
  address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address,
);

/** The part of a request target from the path on: clients of proxies send whole URLs (RFC 9112, 3.2.2). */
export function originForm(target: string): string {
  if (target.startsWith("/") || target === "*") return target;
  const [, rest] = /^[a-z][a-z\d+.-]*:\/\/[^/?]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function hasBody(req: IncomingMessage, headers: RequestHeaders): boolean {
  if (isHttp2(req)) {
    // Only a websocket handshake has this header: clients of HTTP/2 cannot send it. What follows is frames.
    if (headers["upgrade"] !== undefined) return false;
    return !(req as unknown as { stream: { endAfterHeaders: boolean } }).stream.endAfterHeaders;
  }
  return headers["transfer-encoding"] !== undefined || isLength(headers["content-length"]);
}

/** Does it say that there are bytes? To make a number of it takes ten times as long as to look at its first digit. */
function isLength(text: string | undefined): boolean {
  if (text === undefined || text === "0") return false;
  const first = text.charCodeAt(0);
  return (first >= 0x31 && first <= 0x39) || Number(text) > 0;
}

function addBody(request: Draft, exchange: Exchange): void {
  const { req } = exchange;
  // Parsers that found nothing to do leave an empty `body` behind too, but have not read anything.
  const parsed = wasRead(req) ? exchange.parsedBody : undefined;
  if (parsed !== undefined) request.parsedBody = parsed;
  else if (!req.readableEnded) request.body = req;
}

/** Has somebody read from the body? */
export function wasRead(req: IncomingMessage): boolean {
  return req.readableDidRead || req.readableEnded;
}

function addCertificate(request: Draft, socket: TLSSocket): void {
  const certificate: PeerCertificate | Record<string, never> | null = socket.getPeerCertificate();
  if (certificate !== null && "raw" in certificate) request.sslClientCert = certificate as PeerCertificate;
}
