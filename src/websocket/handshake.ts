/** The opening handshake of a websocket on a server: who is let in, and what the answer says. */

import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { type ServerOptions, WebSocketServer } from "ws";
import { InvalidArgumentError } from "../errors/index.js";
import { type Exchange, isHttp2 } from "../message/index.js";
import type { ResponseHeaders } from "../ring/types.js";
import { CLOSE_TIMEOUT } from "./duplex.js";
import {
  type HandshakeError,
  NotAWebsocketRequestError,
  OriginRefusedError,
  WebsocketRefusedError,
  WebsocketVersionError,
} from "./errors.js";
import { MAX_PAYLOAD, type WebsocketOptions } from "./options.js";
import type { RawWebSocket } from "./raw-socket.js";
import { requestProtocols } from "./ring.js";
import { type Handshake, handshakeBehind, NOT_COLLECTED } from "./upgrade.js";

/** 16 bytes in Base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

const TEXT = { "content-type": "text/plain" };

/** A handshake that is not made: what the client is told, and what the handler. */
export interface Refusal {
  readonly error: HandshakeError;
  readonly headers: ResponseHeaders;
  /** Headers about the connection, of which HTTP/2 has none. */
  readonly ofConnection?: ResponseHeaders;
  readonly body: string;
  /** Is it the server that cannot, not the client that must not? */
  readonly isServersFault?: boolean;
}

/** Why the client is refused; undefined if it may come in. */
export function refusalOf(exchange: Exchange, { origins }: WebsocketOptions): Refusal | undefined {
  const { req, res } = exchange;
  const why = isHttp2(req) ? whyNoConnect(exchange) : whyNoUpgrade(req);
  if (why !== undefined) return expectedWebsocket(why);
  const version = req.headers["sec-websocket-version"] ?? "";
  if (version !== "13") {
    const headers = { "sec-websocket-version": "13" };
    return { error: new WebsocketVersionError(version), ofConnection: { upgrade: "websocket" }, headers, body: "" };
  }
  if (handshakeBehind(res) === undefined) {
    const why =
      "the server does not route upgrade requests; call withWebsockets(app) before app.listen, or attachWebsockets(server, app)";
    return { ...expectedWebsocket(why), isServersFault: true };
  }
  if (mayConnect(req, origins)) return undefined;
  return { error: new OriginRefusedError(req.headers.origin), headers: TEXT, body: "origin not allowed" };
}

/** For clients that `verify` does not let in. */
export function notVerified(): Refusal {
  return { error: new WebsocketRefusedError(), headers: TEXT, body: "forbidden" };
}

function expectedWebsocket(why: string): Refusal {
  return {
    error: new NotAWebsocketRequestError(why),
    headers: TEXT,
    ofConnection: { connection: "close" },
    body: "expected websocket request",
  };
}

function whyNoUpgrade(req: IncomingMessage): string | undefined {
  const { connection, upgrade } = req.headers;
  if (req.method !== "GET") return `the method is ${req.method}, not GET`;
  if (req.httpVersion !== "1.1") return `the protocol is HTTP/${req.httpVersion}, not HTTP/1.1`;
  if (upgrade?.toLowerCase() !== "websocket") return "there is no header `upgrade: websocket`";
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(connection ?? "")) return "there is no header `connection: upgrade`";
  if (!KEY.test(req.headers["sec-websocket-key"] ?? "")) return "there is no valid header sec-websocket-key";
  return undefined;
}

/** Over HTTP/2 a handshake is a CONNECT, which comes here as a GET (RFC 8441, 5). */
function whyNoConnect({ req, res }: Exchange): string | undefined {
  if (handshakeBehind(res) === undefined) return "over HTTP/2 it is a CONNECT with the :protocol websocket";
  const { stream } = req as unknown as { readonly stream: ServerHttp2Stream };
  return stream.endAfterHeaders ? "the stream has ended" : undefined;
}

function mayConnect(req: IncomingMessage, origins: WebsocketOptions["origins"]): boolean {
  const { origin } = req.headers;
  if (origins === undefined) return true;
  if (typeof origins === "function") return origins(origin, req);
  return origin === undefined || origins.includes(origin);
}

/** Answers with a refusal, as an ordinary response. */
export function refuse({ req, res }: Exchange, { error, headers, ofConnection, body }: Refusal): void {
  if (res.headersSent) return;
  const added = isHttp2(req) ? undefined : ofConnection;
  res.writeHead(error.status as number, { ...added, ...headers, "content-length": Buffer.byteLength(body) });
  res.end(body);
}

/**
 * Chooses the sub-protocol; "" is none.
 *
 * @throws {InvalidArgumentError} if a function, or the option `headers`, chooses what the client has not offered
 */
export function chooseProtocol(req: IncomingMessage, { subProtocols, headers = {} }: WebsocketOptions): string {
  const offered = requestProtocols(req as { headers: Record<string, string> })?.filter((name) => name !== "") ?? [];
  const chosen = choose(offered, subProtocols) ?? protocolIn(headers) ?? "";
  if (chosen === "" || offered.includes(chosen)) return chosen;
  throw new InvalidArgumentError(
    `the sub-protocol ${JSON.stringify(chosen)} was chosen, which the client has not offered; it would break the connection off`,
  );
}

function choose(offered: readonly string[], spoken: WebsocketOptions["subProtocols"]): string | undefined {
  if (typeof spoken === "function") return spoken(offered);
  return spoken?.find((name) => offered.includes(name));
}

function protocolIn(headers: ResponseHeaders): string | undefined {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === "sec-websocket-protocol");
  return name === undefined ? undefined : String(headers[name]);
}

/** What `ws` is told about one websocket. */
export interface HandshakeOptions extends WebsocketOptions {
  /** Answer pings at once, before anybody sees them. @default true */
  readonly autoPong?: boolean | undefined;
}

/** Who is told how a handshake goes. */
export interface HandshakeOutcome {
  /** The answer is about to go out: from here on nobody has to wait. */
  readonly answering: () => void;
  /** Is given the socket before it receives anything; either this or the next is called, once. */
  readonly opened: (raw: RawWebSocket) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Makes the handshake: middleware has its say in the response, then the answer goes out with the headers that were
 * collected on it. If middleware fails over it, the connection is cut.
 */
export function shakeHands(
  handshake: Handshake,
  protocol: string,
  options: HandshakeOptions,
  { answering, opened, failed }: HandshakeOutcome,
): void {
  const guarded = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      handshake.socket.destroy();
      failed(error);
    }
  };
  guarded(() => {
    // Now, as the head may be written before the response ends.
    for (const [name, value] of Object.entries(options.headers ?? {})) {
      if (!NOT_COLLECTED.has(name.toLowerCase())) handshake.res.setHeader(name, value);
    }
    handshake.finish(() =>
      guarded(() => {
        answering();
        const raw = complete(handshake, protocol, options);
        if (raw !== undefined) {
          options.pipelineTransform?.(raw, handshake.socket);
          opened(raw);
        } else failed(new NotAWebsocketRequestError("its sub-protocols or extensions are malformed"));
      }),
    );
  });
}

/** Has `ws` make the socket, as the options say. */
function complete(handshake: Handshake, protocol: string, options: HandshakeOptions): RawWebSocket | undefined {
  return handshake.open(
    new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxPayload ?? MAX_PAYLOAD,
      perMessageDeflate: options.compression ?? false,
      autoPong: options.autoPong ?? true,
      closeTimeout: options.closeTimeout ?? CLOSE_TIMEOUT,
      handleProtocols: () => protocol || false,
    } as ServerOptions),
  );
}
