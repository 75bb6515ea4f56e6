/** A chat room: what a member says is published on the event bus, and what is published flows to every member. */
import type { WebsocketHandler } from "express-ring";
import { eventBus, publish, subscribe } from "express-ring/bus";
import { chain } from "express-ring/deferred";
import { connect, consume, onClosed, slidingStream } from "express-ring/stream";

// A member who reads too slowly misses the oldest messages; nobody waits for him.
const bus = eventBus<"room", string>(() => slidingStream(100));

export const chat: WebsocketHandler = (duplex, request) => {
  const name = new URLSearchParams(request.queryString).get("name")?.slice(0, 20) ?? "somebody";
  const say = (text: string) => publish(bus, "room", JSON.stringify({ name, text }));

  const messages = subscribe(bus, "room");
  connect(messages, duplex);
  onClosed(duplex, () => messages.close());

  say("came in");
  chain(
    consume((text) => say(String(text).slice(0, 500)), duplex),
    () => say("left"),
  );
};
