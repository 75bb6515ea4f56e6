/**
 * What the server needs of a request over HTTP/2 that has no body, and of its response: far less than what Node's
 * compatibility layer makes for each.
 */
import type { Http2Session, IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { HeaderLine } from "../../message/index.js";

/** What is asked of the socket of a request. */
interface ConnectionFacts {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** Where it came in. */
  readonly server?: unknown;
}

const facts = new WeakMap<Http2Session, ConnectionFacts>();

/** A session has a proxy in place of its socket, so what it says is asked for once, where it stays the same. */
function connectionOf(session: Http2Session | undefined): ConnectionFacts {
  if (session === undefined) return {};
  let known = facts.get(session);
  if (known === undefined) {
    const { remoteAddress, localAddress, localPort, server } = session.socket as ConnectionFacts;
    known = session.encrypted === true ? session.socket : { remoteAddress, localAddress, localPort, server };
    facts.set(session, known);
  }
  return known;
}

/** A request that ended with its headers. */
export class Http2Request {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly socket: ConnectionFacts;
  readonly httpVersion = "2.0";
  readonly httpVersionMajor = 2;
  readonly complete = true;
  readonly readableEnded = true;
  readonly readableDidRead = false;
  readonly errored = null;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) {
    this.stream = stream;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.socket = connectionOf(stream.session);
  }

  get method(): string | undefined {
    return this.headers[":method"];
  }

  get url(): string | undefined {
    return this.headers[":path"];
  }
}

/** Was it reset? Then nothing can be sent any more. */
function isGone(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed;
}

function endStream(this: ServerHttp2Stream): void {
  this.sendTrailers({});
}

/** A response, whose head goes out with the first of its bytes, or with its end. */
export class Http2Response {
  readonly stream: ServerHttp2Stream;
  #headers: OutgoingHttpHeaders = {};

  constructor(stream: ServerHttp2Stream) {
    this.stream = stream;
  }

  writeHead(status: number, lines: readonly HeaderLine[], length: number | undefined): void {
    const headers: OutgoingHttpHeaders = { ":status": status };
    for (const { key, value } of lines) {
      // Names are the same in capitals; of cookies each counts, of others the last.
      const before = key === "set-cookie" ? headers[key] : undefined;
      headers[key] = before === undefined ? (value as OutgoingHttpHeaders[string]) : [before, value].flat().map(String);
    }
    if (length !== undefined) headers["content-length"] = length;
    this.#headers = headers;
  }

  /** Begins a body that comes bit by bit. Whether it came to its end is told where trailers would be, as it may be cut. */
  flushHeaders(): void {
    const { stream } = this;
    if (stream.headersSent || isGone(stream)) return;
    stream.once("wantTrailers", endStream);
    stream.respond(this.#headers, { waitForTrailers: true });
  }

  write(chunk: string | Uint8Array): boolean {
    this.flushHeaders();
    return this.stream.write(chunk);
  }

  end(chunk?: string | Uint8Array): void {
    const { stream } = this;
    if (isGone(stream)) return;
    if (stream.headersSent) stream.end();
    else if (chunk === undefined || chunk.length === 0) stream.respond(this.#headers, { endStream: true });
    else {
      stream.respond(this.#headers);
      stream.end(chunk);
    }
  }

  get headersSent(): boolean {
    return this.stream.headersSent;
  }

  get writableEnded(): boolean {
    return this.stream.writableEnded;
  }

  get writableFinished(): boolean {
    return this.stream.writableFinished;
  }

  get destroyed(): boolean {
    return this.stream.destroyed;
  }

  getHeader(): undefined {}

  on(event: string, listener: () => void): void {
    this.stream.on(event, listener);
  }

  off(event: string, listener: () => void): void {
    this.stream.off(event, listener);
  }

  destroy(): void {
    this.stream.destroy();
  }
}
