import { describe } from "../errors/index.js";
import { InvalidEventError } from "./errors.js";

/** One event of a `text/event-stream`; at least one of its keys is there. */
export interface ServerSentEvent {
  /** The type that listeners are added for, one line. @default clients take it for "message" */
  readonly event?: string | undefined;
  /** The message, of as many lines as it likes. Without it no listener is told, so only `id`, `retry` and `comment` may stand alone. */
  readonly data?: string | undefined;
  /** What the client sends as `last-event-id` when it comes back, one line; `""` makes it forget the one before. */
  readonly id?: string | undefined;
  /** How long the client waits before it comes back, in whole milliseconds. */
  readonly retry?: number | undefined;
  /** Text that clients skip; keeps a connection from looking idle. */
  readonly comment?: string | undefined;
}

/**
 * Writes an event as the lines of a `text/event-stream`, with the empty line that ends it.
 *
 * Line breaks of data (LF, CR LF and CR are the same) become several `data:` lines, which clients join again with LF. All
 * text is as it is: JSON is made by the caller.
 *
 * @throws {InvalidEventError} code `RING_INVALID_EVENT`: a line break in `event` or `id`, NUL in `id`, a `retry` that is not
 *   a whole number of milliseconds, anything but text elsewhere, an `event` without `data`, nothing at all.
 * @example
 * encodeEvent({ event: "price", id: "7", data: JSON.stringify({ cents: 250 }) });
 * // => 'event: price\nid: 7\ndata: {"cents":250}\n\n'
 * @see Source: the README of Aleph, server-sent events; WHATWG HTML, 9.2.5.
 */
export function encodeEvent(event: ServerSentEvent): string {
  const { comment, retry, event: name, id, data } = event;
  let text = "";
  if (comment !== undefined) text += fieldLines("", "comment", comment);
  if (retry !== undefined) text += `retry: ${milliseconds(retry)}\n`;
  if (name !== undefined) text += `event: ${oneLine("event", name)}\n`;
  if (id !== undefined) text += `id: ${oneLine("id", id)}\n`;
  if (data !== undefined) text += fieldLines("data", "data", data);
  else if (name !== undefined) {
    throw new InvalidEventError(
      `named ${JSON.stringify(name)} has no data, so no listener would be told of it; give it data: ""`,
    );
  }
  if (text === "") throw new InvalidEventError("has none of event, data, id, retry and comment; give it one");
  return `${text}\n`;
}

const LINE_BREAK = /\r\n|\r|\n/;

/** A line for each line of the text. The blank after the colon is the one that clients take away. */
function fieldLines(field: string, key: keyof ServerSentEvent, text: unknown): string {
  if (typeof text !== "string") throw notText(key, text);
  if (!LINE_BREAK.test(text)) return `${field}: ${text}\n`;
  return text
    .split(LINE_BREAK)
    .map((line) => `${field}: ${line}\n`)
    .join("");
}

function oneLine(key: "event" | "id", text: unknown): string {
  if (typeof text !== "string") throw notText(key, text);
  if (LINE_BREAK.test(text))
    throw new InvalidEventError(`has a line break in ${key}; only data and comment may have any`);
  if (key === "id" && text.includes("\0"))
    throw new InvalidEventError("has NUL in id, which clients ignore; encode it");
  return text;
}

function notText(key: keyof ServerSentEvent, value: unknown): InvalidEventError {
  return new InvalidEventError(`has ${describe(value)} as ${key}; it is text, so make it text: JSON.stringify, String`);
}

function milliseconds(retry: unknown): number {
  if (typeof retry === "number" && Number.isSafeInteger(retry) && retry >= 0) return retry;
  const shown = typeof retry === "number" ? String(retry) : describe(retry);
  throw new InvalidEventError(`has ${shown} as retry; it is a whole number of milliseconds, 0 or more`);
}
