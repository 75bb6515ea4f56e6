/** Reads event streams, as WHATWG HTML, 9.2.6, words it. */

import { isServerRequest } from "../byte-streams/close.js";
import { checkCount, checkOptionNames, type OptionNames } from "../errors/options.js";
import { type Expander, expanding, expandSource } from "../stream/core.js";
import type { Source, Sourceable } from "../stream/index.js";
import type { Transducer } from "../transducers/index.js";
import { EventLineTooLongError, EventTooLargeError } from "./errors.js";

/** An event that was received. */
export interface ReceivedEvent {
  /** Its type. @default "message" */
  readonly event: string;
  /** Its lines, joined by LF. */
  readonly data: string;
  /** The last id up to this event, its own or that of one before; "" if there was none. */
  readonly id: string;
}

/** How an event stream is read. */
export interface DecodeEventsOptions {
  /** Longest line, in characters (UTF-16 code units). @default 1_048_576 */
  readonly maxLineLength?: number | undefined;
  /** Longest data of one event, in characters (UTF-16 code units). @default 4_194_304 */
  readonly maxEventLength?: number | undefined;
  /** The last id of what was read before. @default "" */
  readonly lastEventId?: string | undefined;
  /** Called with the milliseconds after which the server wants a client to come back. */
  readonly onRetry?: ((milliseconds: number) => void) | undefined;
  /** Called with the text of each comment: heartbeats are some. */
  readonly onComment?: ((text: string) => void) | undefined;
}

const OPTIONS: OptionNames<DecodeEventsOptions> = {
  maxLineLength: true,
  maxEventLength: true,
  lastEventId: true,
  onRetry: true,
  onComment: true,
};

const MAX_LINE_LENGTH = 1_048_576;
const MAX_EVENT_LENGTH = 4_194_304;

const DIGITS = /^[0-9]+$/;

/** Reads an event stream in pieces, which may end anywhere. */
export class EventParser implements Expander<Uint8Array | string, ReceivedEvent> {
  /** The id that a client would come back with. */
  lastEventId: string;
  readonly #options: DecodeEventsOptions;
  readonly #maxLineLength: number;
  readonly #maxEventLength: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #isAtStart = true;
  /** Was the last line ended by a CR at the end of a piece? Then a LF belongs to it. */
  #isAfterCr = false;
  /** A line that has not ended. */
  #rest = "";
  #type = "";
  #id: string;
  #data: string[] = [];
  #length = 0;

  constructor(options: DecodeEventsOptions, who: string) {
    checkOptionNames(who, options, OPTIONS);
    const { maxLineLength = MAX_LINE_LENGTH, maxEventLength = MAX_EVENT_LENGTH, lastEventId = "" } = options;
    this.#options = options;
    this.#maxLineLength = checkCount(who, "maxLineLength", maxLineLength, "characters");
    this.#maxEventLength = checkCount(who, "maxEventLength", maxEventLength, "characters");
    this.#id = lastEventId;
    this.lastEventId = lastEventId;
  }

  push(piece: Uint8Array | string, events: ReceivedEvent[]): void {
    const text = typeof piece === "string" ? piece : this.#decoder.decode(piece, { stream: true });
    if (text === "") return;
    let start = this.#skipAtStart(text);
    let lf = text.indexOf("\n", start);
    let cr = text.indexOf("\r", start);
    while (lf !== -1 || cr !== -1) {
      const isCr = lf === -1 || (cr !== -1 && cr < lf);
      const end = isCr ? cr : lf;
      this.#keep(text, start, end);
      start = end + 1;
      if (isCr && start === text.length) this.#isAfterCr = true;
      else if (isCr && lf === start) start++;
      this.#endLine(events);
      if (lf !== -1 && lf < start) lf = text.indexOf("\n", start);
      if (cr !== -1 && cr < start) cr = text.indexOf("\r", start);
    }
    this.#keep(text, start, text.length);
  }

  /** What is left has no empty line behind it, so it is no event. */
  end(): void {}

  /** A byte order mark, and the second half of a line break. @returns where the lines go on */
  #skipAtStart(text: string): number {
    const isSkipped = this.#isAtStart ? text.startsWith("\ufeff") : this.#isAfterCr && text.startsWith("\n");
    this.#isAtStart = false;
    this.#isAfterCr = false;
    return isSkipped ? 1 : 0;
  }

  #keep(text: string, start: number, end: number): void {
    if (this.#rest.length + end - start > this.#maxLineLength) throw new EventLineTooLongError(this.#maxLineLength);
    this.#rest += text.slice(start, end);
  }

  #endLine(events: ReceivedEvent[]): void {
    const line = this.#rest;
    this.#rest = "";
    if (line === "") {
      this.#dispatch(events);
      return;
    }
    const colon = line.indexOf(":");
    if (colon === -1) this.#process(line, "");
    else {
      const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
      if (colon === 0) this.#options.onComment?.(value);
      else this.#process(line.slice(0, colon), value);
    }
  }

  #process(field: string, value: string): void {
    switch (field) {
      case "data":
        this.#length += value.length + 1;
        if (this.#length - 1 > this.#maxEventLength) throw new EventTooLargeError(this.#maxEventLength);
        this.#data.push(value);
        break;
      case "event":
        this.#type = value;
        break;
      case "id":
        if (!value.includes("\0")) this.#id = value;
        break;
      case "retry":
        if (DIGITS.test(value)) this.#options.onRetry?.(Number(value));
    }
  }

  #dispatch(events: ReceivedEvent[]): void {
    const type = this.#type;
    this.#type = "";
    this.lastEventId = this.#id;
    if (this.#data.length === 0) return;
    const data = this.#data.join("\n");
    this.#data = [];
    this.#length = 0;
    events.push({ event: type === "" ? "message" : type, data, id: this.#id });
  }
}

/**
 * Reads a whole event stream: its events, in order. What comes after the last empty line is none.
 *
 * @param stream Text, or bytes in UTF-8; what is no UTF-8 becomes U+FFFD.
 * @throws {EventLineTooLongError} code `RING_EVENT_LINE_TOO_LONG`, a line is longer than `maxLineLength`.
 * @throws {EventTooLargeError} code `RING_EVENT_TOO_LARGE`, the data of an event are longer than `maxEventLength`.
 * @example
 * parseEvents("event: price\nid: 7\ndata: 250\n\n"); // => [{ event: "price", data: "250", id: "7" }]
 * @see Source: WHATWG HTML, 9.2.6.
 */
export function parseEvents(stream: Uint8Array | string, options: DecodeEventsOptions = {}): readonly ReceivedEvent[] {
  const events: ReceivedEvent[] = [];
  new EventParser(options, "parseEvents").push(stream, events);
  return events;
}

/**
 * The events of a body, as they come: a line, a line break or a character may be split between two pieces.
 *
 * The body is read no faster than the events are taken, and closed when the source is.
 *
 * @param body Pieces of bytes, in UTF-8, or of text: the body of a request or of a client's response, say.
 * @returns a source. A take fails, behind the events before, with what the body fails with, or with an error as of
 *   `parseEvents`; then the body is closed.
 * @example
 * const { body } = await http.get(upstream);
 * for await (const { event, data } of decodeEvents(body)) console.log(event, data);
 * @see Source: WHATWG HTML, 9.2.6; `eventSource` also asks, and comes back.
 */
export function decodeEvents(
  body: Sourceable<Uint8Array | string>,
  options: DecodeEventsOptions = {},
): Source<ReceivedEvent> {
  return expandSource(body, new EventParser(options, "decodeEvents"), "event stream", isServerRequest(body));
}

/**
 * A transducer from the pieces of an event stream to its events, as `decodeEvents`; errors are thrown by its steps.
 *
 * @example
 * const events = transform(eventDecoder(), ["data: a\n", "\ndata: b\n\n"]);
 * (await take(events))?.data; // => "a"
 * @see Source: WHATWG HTML, 9.2.6.
 */
export function eventDecoder(options: DecodeEventsOptions = {}): Transducer<Uint8Array | string, ReceivedEvent> {
  return expanding(() => new EventParser(options, "eventDecoder"));
}
