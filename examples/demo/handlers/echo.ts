/** A websocket is a stream with two ends: connecting it to itself is an echo. Text stays text, bytes stay bytes. */
import type { WebsocketHandler } from "express-ring";
import { connect } from "express-ring/stream";

export const echo: WebsocketHandler = (duplex) => connect(duplex, duplex);
