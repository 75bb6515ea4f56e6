import type { EventEmitter } from "node:events";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { Http2Request } from "./http2-messages.js";

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: readonly string[],
) => void;

/**
 * Takes the plain requests of a server of HTTP/2 before Node's compatibility layer does: those without a body that wait for
 * nothing. The layer is what listens to the streams of a server that has a listener of `request`.
 */
export function takeStreams(server: EventEmitter, answer: (req: Http2Request) => void): void {
  const others = server.listeners("stream") as StreamListener[];
  server.removeAllListeners("stream");
  const listener: StreamListener = (stream, headers, flags, rawHeaders) => {
    if (isPlain(stream, headers)) {
      // Who wants to know why it ended asks the stream.
      stream.on("error", ignore);
      answer(new Http2Request(stream, headers, rawHeaders));
    } else for (const other of others) other.call(server, stream, headers, flags, rawHeaders);
  };
  server.on("stream", listener);
}

function isPlain(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): boolean {
  return stream.endAfterHeaders && headers.expect === undefined && headers[":method"] !== "CONNECT";
}

function ignore(): void {}
