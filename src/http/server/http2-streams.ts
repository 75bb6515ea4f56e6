import type { EventEmitter } from "node:events";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Http2Request } from "./http2-messages.js";
import { isLeaving } from "./sessions.js";

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: readonly string[],
) => void;

/**
 * Takes the plain requests of a server of HTTP/2 before Node's compatibility layer does: those without a body that wait for
 * nothing. What comes after the server has said farewell is refused. The layer is what listens to the streams of a server that has a listener of `request`.
 */
export function takeStreams(server: EventEmitter, answer: (req: Http2Request) => void): void {
  const others = server.listeners("stream") as StreamListener[];
  server.removeAllListeners("stream");
  const listener: StreamListener = (stream, headers, flags, rawHeaders) => {
    // Who wants to know why it ended asks the stream.
    stream.on("error", ignore);
    if (isLeaving(stream.session)) setImmediate(refuse, stream);
    else if (isPlain(stream, headers)) {
      answer(new Http2Request(stream, headers, rawHeaders));
    } else for (const other of others) other.call(server, stream, headers, flags, rawHeaders);
  };
  server.on("stream", listener);
}

/** Not before what came with it is read: Node 20 corrupts its memory over a stream that ends while it reads. */
function refuse(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_REFUSED_STREAM);
}

function isPlain(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
  return stream.endAfterHeaders && headers.expect === undefined && headers[":method"] !== "CONNECT";
}

function ignore(): void {}
