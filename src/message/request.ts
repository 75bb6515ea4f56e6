import type { IncomingMessage } from "node:http";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { EXCHANGE } from "../ring/exchange-symbol.js";
import type { RingRequest } from "../ring/types.js";
import type { Exchange } from "./exchange.js";
import { requestHeaders } from "./request-headers.js";

/** What a host knows better than the socket does: behind proxies, under mounts, after body parsers. */
export interface HostFacts {
  /** The request target as it came. */
  readonly target: string;
  readonly remoteAddr: string;
  readonly scheme: string;
  readonly serverName: string;
  readonly context?: string | undefined;
  readonly pathInfo?: string | undefined;
  readonly routeParams?: RingRequest["routeParams"];
  /** What a body parser made of the body, if one ran. */
  readonly parsedBody?: unknown;
}

type Draft = { -readonly [K in keyof RingRequest]: RingRequest[K] } & { [EXCHANGE]: Exchange };

/** Reads Node's request into a request map. The exchange rides along on a symbol, so it survives `{ ...request }`. */
export function toRequest(exchange: Exchange, facts: HostFacts): RingRequest {
  const { req } = exchange;
  const target = originForm(facts.target);
  const question = target.indexOf("?");
  const request: Draft = {
    serverPort: req.socket.localPort ?? 0,
    serverName: facts.serverName,
    remoteAddr: unmapped(facts.remoteAddr),
    uri: question === -1 ? target : target.slice(0, question),
    scheme: facts.scheme as RingRequest["scheme"],
    requestMethod: (req.method as string).toLowerCase(),
    protocol: req.httpVersion === "1.1" ? "HTTP/1.1" : `HTTP/${req.httpVersion}`,
    headers: requestHeaders(req),
    [EXCHANGE]: exchange,
  };
  if (question !== -1) request.queryString = target.slice(question + 1);
  if (facts.context !== undefined) request.context = facts.context;
  if (facts.pathInfo !== undefined) request.pathInfo = facts.pathInfo;
  if (facts.routeParams !== undefined) request.routeParams = facts.routeParams;
  if (hasBody(req)) addBody(request, req, facts.parsedBody);
  if ("encrypted" in req.socket) addCertificate(request, req.socket as TLSSocket);
  return request;
}

/** What the socket says, for hosts that know nothing more. */
export function socketFacts(req: IncomingMessage): HostFacts {
  return {
    target: req.url as string,
    remoteAddr: req.socket.remoteAddress ?? "",
    scheme: socketScheme(req),
    serverName: hostName(req),
  };
}

/** Is the connection encrypted? */
export function socketScheme(req: IncomingMessage): "http" | "https" {
  return "encrypted" in req.socket ? "https" : "http";
}

/** The host of the Host header (of HTTP/2: `:authority`), without its port; the socket's address if there is none. */
export function hostName(req: IncomingMessage): string {
  const host = req.headers.host ?? (req.headers[":authority"] as string | undefined);
  if (host === undefined) return localAddress(req);
  // The colons inside the brackets of an IPv6 address begin no port.
  const colon = host.indexOf(":", host.startsWith("[") ? host.indexOf("]") + 1 : 0);
  return colon === -1 ? host : host.slice(0, colon);
}

/** The address that the request came in on; "" on a unix socket. */
export function localAddress(req: IncomingMessage): string {
  return unmapped(req.socket.localAddress ?? "");
}

/** A socket that listens for both kinds of addresses spells an IPv4 address as an IPv6 one. */
function unmapped(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

/** The part of a request target from the path on: clients of proxies send whole URLs (RFC 9112, 3.2.2). */
export function originForm(target: string): string {
  if (target.startsWith("/") || target === "*") return target;
  const [, rest] = /^[a-z][a-z\d+.-]*:\/\/[^/?]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) return target;
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function hasBody(req: IncomingMessage): boolean {
  if (req.httpVersionMajor > 1) {
    return !(req as unknown as { stream: { endAfterHeaders: boolean } }).stream.endAfterHeaders;
  }
  return req.headers["transfer-encoding"] !== undefined || Number(req.headers["content-length"] ?? 0) > 0;
}

function addBody(request: Draft, req: IncomingMessage, parsed: unknown): void {
  // Parsers that found nothing to do leave an empty `body` behind too, but have not read anything.
  if (wasRead(req) && parsed !== undefined) request.parsedBody = parsed;
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
