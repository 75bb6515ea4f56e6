import { Buffer } from "node:buffer";
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream, type ServerStreamResponseOptions } from "node:http2";
import type { WebSocketServer } from "ws";
import type { OpenWebsockets } from "./open-websockets.js";
import type { RawWebSocket } from "./raw-socket.js";
import { type Handshake, NOT_COLLECTED, onEnd, registerHandshake } from "./upgrade.js";

/** In place of one that the client has sent: over HTTP/2 there is none, and `ws` insists on it. */
const KEY = "AAAAAAAAAAAAAAAAAAAAAA==";

const NO_BYTES = Buffer.alloc(0);

/**
 * A websocket handshake over HTTP/2 (RFC 8441) on its way through an application, which sees the request that it would be
 * over HTTP/1: a GET with `upgrade: websocket`. The frames run over the stream of that request.
 */
export class ConnectUpgrade implements Handshake {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly socket: ServerHttp2Stream;
  readonly websockets: OpenWebsockets;
  readonly #finish: (status: number, proceed: () => void) => void;
  #isAccepted = false;

  /** @param req A CONNECT with the `:protocol` websocket, as Node's compatibility layer makes it, of which nobody has read. */
  constructor(req: IncomingMessage, res: ServerResponse, websockets: OpenWebsockets) {
    this.req = req;
    this.res = res;
    this.socket = (req as unknown as { readonly stream: ServerHttp2Stream }).stream;
    this.websockets = websockets;
    this.#finish = onEnd(res);
    req.method = "GET";
    Object.assign(req.headers, { connection: "Upgrade", upgrade: "websocket" });
    this.#watchAnswer();
    this.#cancelWhenCut();
    registerHandshake(res, this);
  }

  finish(proceed: () => void): void {
    this.#finish(200, proceed);
  }

  /** @internal */
  open(server: WebSocketServer): RawWebSocket | undefined {
    const { socket, req } = this;
    let raw: RawWebSocket | undefined;
    server.on("headers", (lines) => this.#accept(lines));
    server.on("wsClientError", () => this.#refuse());
    // What `ws` writes at first is the head of an answer over HTTP/1. (Put back, not deleted, which would slow the stream down.)
    const write = socket.write.bind(socket);
    socket.write = () => true;
    try {
      const headers = { ...req.headers, "sec-websocket-key": KEY };
      server.handleUpgrade({ method: "GET", url: req.url, headers } as IncomingMessage, socket, NO_BYTES, (made) => {
        raw = made as unknown as RawWebSocket;
      });
    } finally {
      socket.write = write;
    }
    return raw;
  }

  /** Says yes, with what was agreed on and what middleware has set. */
  #accept(lines: readonly string[]): void {
    const { res } = this;
    for (const name of NOT_COLLECTED) res.removeHeader(name);
    for (const line of lines) {
      const [, name, value] = /^(sec-websocket-(?:protocol|extensions)): (.*)$/i.exec(line) ?? [];
      if (name !== undefined && value !== undefined) res.setHeader(name, value);
    }
    this.#isAccepted = true;
    res.writeHead(200);
  }

  #refuse(): void {
    this.socket.respond({ ":status": 400, "content-type": "text/plain" });
    this.socket.end("malformed sub-protocols or extensions");
  }

  /**
   * An answer that is none to a handshake must not open the websocket, as here any status of success would: those go out
   * as 400, else as they are.
   */
  #watchAnswer(): void {
    const { socket } = this;
    const respond = socket.respond.bind(socket);
    socket.respond = (headers: OutgoingHttpHeaders = {}, options: ServerStreamResponseOptions = {}) => {
      const status = Number(headers[":status"] ?? 200);
      const isAnswer = !this.#isAccepted;
      // Node would wait for them for ever where nothing comes before them, and not end the client's side.
      const waitForTrailers = isAnswer && options.endStream !== true && options.waitForTrailers === true;
      const sent = isAnswer && status >= 200 && status < 300 ? { ...headers, ":status": 400 } : headers;
      respond(sent, { ...options, waitForTrailers });
    };
  }

  /** What is cut off is cancelled, which is to HTTP/2 what a reset is to TCP (RFC 8441, 5). */
  #cancelWhenCut(): void {
    const { socket } = this;
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error) => {
      socket.close(constants.NGHTTP2_CANCEL);
      return destroy(error);
    };
  }
}
