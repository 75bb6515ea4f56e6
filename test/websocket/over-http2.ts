/** Websockets over HTTP/2 (RFC 8441), frame by frame. */
import { once } from "node:events";
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { text } from "node:stream/consumers";
import { type FrameClient, framesOver } from "./frames.js";

/** A websocket on a stream. */
export interface StreamClient extends FrameClient<ClientHttp2Stream> {
  /** The server's answer. */
  readonly headers: IncomingHttpHeaders;
}

/** Asks for a websocket. */
export function askForSocket(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders = {},
  options: { readonly endStream?: boolean } = {},
): ClientHttp2Stream {
  return session.request(
    {
      ":method": "CONNECT",
      ":protocol": "websocket",
      ":scheme": "http",
      ":authority": "localhost",
      ":path": "/",
      "sec-websocket-version": "13",
      ...headers,
    },
    { endStream: false, ...options },
  );
}

/**
 * Opens a websocket; fails with the `status`, `headers` and `body` of an answer that is not 200.
 *
 * @param endsWithServer Does it end its side when the server has ended the other?
 */
export async function openSocket(
  session: ClientHttp2Session,
  headers?: OutgoingHttpHeaders,
  endsWithServer = true,
): Promise<StreamClient> {
  const stream = askForSocket(session, headers);
  const client = framesOver(stream);
  const [answer] = (await once(stream, "response")) as [IncomingHttpHeaders & { readonly ":status": number }];
  if (answer[":status"] !== 200) {
    const body = await text(stream);
    throw Object.assign(new Error("refused"), { status: answer[":status"], headers: answer, body });
  }
  stream.on("data", client.receive);
  if (endsWithServer) stream.on("end", () => stream.end());
  return { ...client, headers: answer };
}
