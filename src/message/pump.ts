import { Buffer } from "node:buffer";
import type { Charset } from "../byte-streams/core.js";
import { isDeferred, type Listener, unwrapPrime } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import { areRequestsWatched, requestFailed } from "../ring/diagnostics/requests.js";
import { type ChunkSource, END, LATER } from "./chunk-source.js";
import { ContentLengthError } from "./errors.js";
import type { Exchange } from "./exchange.js";
import type { Head } from "./head.js";
import { writePiece } from "./single-writes.js";
import { chunkBytes, type TextPieces, textPieces } from "./text.js";

/** How long headers wait for the first chunk of a body that may fail early, in milliseconds. */
const PATIENCE = 100;

/** What the pump is waiting for; the last one is for good. */
const NOTHING = 0;
const CHUNK = 1;
const DRAIN = 2;
const OVER = 3;

/** In place of a chunk: none, for now. */
const NONE: unique symbol = Symbol("none");

/**
 * Sends a body that comes bit by bit: the one loop for all kinds.
 *
 * Takes a chunk, writes it, and takes the next one only while the connection accepts more. Chunks that are there already
 * are written in one go, without a promise or a turn of the event loop between them. Until the first chunk nothing is
 * sent, so a body that fails at once is an error like any other; a body that fails later cuts the connection. When the
 * client goes away the source is closed at once, whatever the pump is waiting for.
 */
export class Pump implements Listener<unknown> {
  readonly #exchange: Exchange;
  readonly #head: Head;
  readonly #source: ChunkSource;
  readonly #text: TextPieces;
  /** Bytes the body must have, if that is known, and bytes written so far. */
  readonly #length: number | undefined;
  #written = 0;
  #state: typeof NOTHING | typeof CHUNK | typeof DRAIN | typeof OVER = NOTHING;
  #isHeadSent = false;
  #isFlushed = true;
  #timer: NodeJS.Timeout | undefined;
  #forgetClient: () => void;

  /** @param length Bytes of the body where the source is of known size. */
  constructor(exchange: Exchange, head: Head, source: ChunkSource, charset: Charset, length?: number) {
    this.#exchange = exchange;
    this.#head = head;
    this.#source = source;
    this.#text = textPieces(charset);
    this.#length = length ?? head.ownLength;
    this.#forgetClient = exchange.onGone(() => this.#stop());
    // Once for the whole body: `compression` hands this listener to a stream of its own, where it could not be removed.
    exchange.res.on("drain", this.#onDrain);
  }

  /** Sends what is there, until there is something to wait for. */
  run(arrived: unknown = NONE): void {
    try {
      let chunk = this.#settled(arrived === NONE ? this.#source.next(this) : arrived);
      while (chunk !== NONE && this.#accept(chunk)) chunk = this.#settled(this.#source.next(this));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A chunk that is there, or NONE: then it is being waited for. */
  #settled(chunk: unknown): unknown {
    const value = unwrapPrime(chunk);
    if (value === LATER) this.#expectChunk();
    else if (isDeferred(value)) {
      this.#expectChunk();
      value.addListener(this);
    } else return value;
    return NONE;
  }

  /** A chunk that had to be waited for. */
  onSuccess(chunk: unknown): void {
    if (this.#state !== CHUNK) return;
    clearTimeout(this.#timer);
    this.#state = NOTHING;
    this.run(chunk);
  }

  onError(error: unknown): void {
    if (this.#state === CHUNK) this.#fail(error);
  }

  /** @returns false if the loop must stop: at the end, or until the connection accepts more */
  #accept(value: unknown): boolean {
    if (this.#state === OVER) return false;
    if (value === END) {
      this.#finish();
      return false;
    }
    const chunk = chunkBytes(value, this.#text, this.#source.isText);
    return chunk.length === 0 || this.#write(chunk);
  }

  /** The one place where bodies are written. @returns false if the loop must stop */
  #write(chunk: string | Uint8Array): boolean {
    const { res } = this.#exchange;
    if (this.#length !== undefined) this.#count(chunk, this.#length);
    if (!this.#isHeadSent && !this.#applyHead()) return false;
    if (res.destroyed) {
      this.#stop();
      return false;
    }
    this.#isFlushed = false;
    const isOpen = writePiece(res, chunk);
    if (!isOpen) this.#state = DRAIN;
    return isOpen;
  }

  #count(chunk: string | Uint8Array, length: number): void {
    this.#written += Buffer.byteLength(chunk);
    if (this.#written > length) throw new ContentLengthError(this.#exchange.route, length, "more");
  }

  /** @returns false if somebody else has answered while the body kept everybody waiting */
  #applyHead(): boolean {
    if (this.#exchange.isOver) {
      this.#stop();
      this.#exchange.reportSecondAnswer();
      return false;
    }
    this.#exchange.applyHead(this.#head, this.#length);
    this.#isHeadSent = true;
    return true;
  }

  #expectChunk(): void {
    this.#state = CHUNK;
    if (this.#isHeadSent) this.#flush();
    else if (this.#source.mayFailEarly) this.#timer = setTimeout(this.#onImpatience, PATIENCE);
    // What comes in this turn of the event loop goes out with the headers.
    else this.#onImpatience();
  }

  /** Pushes what is written through middleware that gathers it, as `compression` does; a body of known size need not be. */
  #flush(): void {
    if (this.#isFlushed || this.#length !== undefined) return;
    this.#isFlushed = true;
    (this.#exchange.res as { flush?: () => void }).flush?.();
  }

  #sendHead(): void {
    try {
      if (this.#applyHead()) this.#exchange.res.flushHeaders();
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #onImpatience = (): void => {
    // Errors that have come in while the event loop was busy are told first.
    setImmediate(() => {
      if (this.#state === CHUNK && !this.#isHeadSent) this.#sendHead();
    });
  };

  readonly #onDrain = (): void => {
    if (this.#state !== DRAIN) return;
    this.#state = NOTHING;
    this.run();
  };

  /** The one place where bodies end. */
  #finish(): void {
    const rest = this.#text.end();
    if (rest.length > 0) this.#write(rest);
    if (this.#state === OVER) return;
    if (this.#length !== undefined && this.#written < this.#length) {
      throw new ContentLengthError(this.#exchange.route, this.#length, `${this.#written}`);
    }
    if (!this.#isHeadSent && !this.#applyHead()) return;
    this.#release();
    this.#exchange.res.end();
  }

  #fail(error: unknown): void {
    const wasOver = this.#state === OVER;
    this.#stop(error);
    if (wasOver) return;
    if (this.#isHeadSent) {
      if (areRequestsWatched()) requestFailed(this.#exchange, error);
      this.#exchange.cut(error, this.#length !== undefined);
    } else this.#exchange.raise(error);
  }

  /** Ends it without the rest of the body. */
  #stop(failure?: unknown): void {
    if (this.#state === OVER) return;
    this.#release();
    closeQuietly(this.#source, failure);
  }

  #release(): void {
    this.#state = OVER;
    clearTimeout(this.#timer);
    this.#forgetClient();
  }
}

/** Closes a source; what goes wrong there concerns nobody who could be told. */
export function closeQuietly(source: ChunkSource, failure?: unknown): void {
  try {
    source.close(failure);
  } catch (error) {
    logError(error, "a response body failed while it was closed");
  }
}
