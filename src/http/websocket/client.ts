import type { Deferred } from "../../deferred/index.js";
import type { WebsocketDuplex } from "../../websocket/types.js";
import { dial } from "./dial.js";
import { planOf, type WebsocketClientOptions } from "./options.js";

/**
 * Opens a websocket, and yields it as one duplex stream: text is strings, binary is bytes. It is the same duplex as on a
 * server, with the same `closed`, `websocketPing` and `websocketClose`.
 *
 * The deferred fails with an answer that is no handshake (`RING_WEBSOCKET_HANDSHAKE`, with its `status`, `headers` and the
 * first 16 KiB of its `body`), with a host that is not known (`RING_UNKNOWN_HOST`) or does not answer in time
 * (`RING_CONNECTION_TIMEOUT`, `RING_HANDSHAKE_TIMEOUT`), with one that closes before it answers (`RING_CONNECTION_CLOSED`),
 * and with what `signal` aborts (`RING_REQUEST_CANCELLED`); refused connections and faults of TLS stay Node's. Settling it
 * from outside, by a timeout say, gives up as well. Nothing is tried twice and no redirect is followed.
 *
 * @param url `ws:` or `wss:`; user and password in it become an `authorization` header.
 * @returns a deferred of the duplex; how it behaves under pressure says {@link WebsocketDuplex}.
 * @throws {InvalidArgumentError} at once, code `RING_INVALID_ARGUMENT`, for other URLs and options that cannot work.
 * @example
 * const ask = async (question: string) => {
 *   const duplex = await http.websocketClient("wss://example.com/ask", { handshakeTimeout: 5000 });
 *   await duplex.put(question);
 *   const answer = await duplex.take();
 *   duplex.close();
 *   return answer;
 * };
 * @see Source: `aleph.http/websocket-client`. Differs: it fails where the server says nothing; one limit for the size of
 *   messages; proxies and resolvers.
 */
export function websocketClient(url: string | URL, options: WebsocketClientOptions = {}): Deferred<WebsocketDuplex> {
  return dial(planOf(url, options)) as Deferred<WebsocketDuplex>;
}
