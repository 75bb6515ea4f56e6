import { SharedBytes } from "../../message/index.js";
import { encodeEvent, type ServerSentEvent } from "../encode.js";
import { InvalidEventError } from "../errors.js";

/** An event for a log, which gives it its id. */
export interface NewEvent extends Pick<ServerSentEvent, "event"> {
  readonly data: string;
}

/** The type that clients give to an event without one. */
const DEFAULT_TOPIC = "message";

/** By what readers choose an event. */
export function topicOf({ event = DEFAULT_TOPIC }: NewEvent): string {
  return event === "" ? DEFAULT_TOPIC : event;
}

/** @throws {InvalidEventError} if it has what a log gives to it, or nothing to tell */
export function checkNewEvent(event: NewEvent): void {
  const extra = Object.keys(event).find((key) => key !== "event" && key !== "data");
  if (extra !== undefined) throw new InvalidEventError(`of a log has ${extra}; it has event and data only`);
  if (event.data === undefined) throw new InvalidEventError('of a log has no data; give it data: ""');
}

export function toBytes(event: ServerSentEvent): SharedBytes {
  return new SharedBytes(encodeEvent(event));
}
