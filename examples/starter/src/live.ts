/** What goes on for a while: events, and a websocket. */
import type { RingRequest, RingResponse, WebsocketDuplex } from "express-ring";
import { sse } from "express-ring/sse";
import { connect, consumeAsync, map, onClosed, periodically } from "express-ring/stream";

/** The time, each second, for as long as the client listens. */
export function clock(request: RingRequest): RingResponse {
  const events = sse(request);
  const times = periodically(1000, 0, () => new Date().toISOString());
  consumeAsync((time) => events.send({ event: "time", data: time }), times);
  events.closed.onRealized(
    () => times.close(),
    () => {},
  );
  return events.response;
}

/** Says again what it hears, louder. Who does not read is not read from. */
export function echo(duplex: WebsocketDuplex): void {
  const louder = map((message) => (typeof message === "string" ? message.toUpperCase() : message), duplex);
  connect(louder, duplex);
  onClosed(duplex, () => console.log("an echo has ended"));
}
