/** Websockets, for those who watch them. */

import type { RingRequest } from "../types.js";
import { channelOf } from "./channels.js";
import type { WatchedWebsocket, WebsocketEvent, Writable } from "./events.js";

const opened = channelOf("express-ring:websocket:open");
const closed = channelOf("express-ring:websocket:close");

/** A websocket is open; tells when it is closed, too. */
export function websocketOpened(
  websocket: WatchedWebsocket,
  side: WebsocketEvent["side"],
  url: string,
  request: RingRequest | undefined,
): void {
  if (!opened.hasSubscribers && !closed.hasSubscribers) return;
  const startTime = performance.now();
  const event: Writable<WebsocketEvent> = {
    websocket,
    side,
    request,
    url,
    startTime,
    duration: undefined,
    code: undefined,
    reason: undefined,
    wasClean: undefined,
  };
  opened.publish(event);
  websocket.closed.onRealized(
    (closing) => {
      Object.assign(event, { duration: performance.now() - startTime, ...closing });
      closed.publish(event);
    },
    () => {},
  );
}
