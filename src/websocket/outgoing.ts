import { nextTick } from "node:process";
import type { Duplex } from "node:stream";
import { Deferred, drain, mark, SUCCESS, settle } from "../deferred/core.js";
import { logError } from "../errors/index.js";
import { FALSE, TRUE } from "../stream/protocol.js";
import { Queue } from "../stream/queue.js";
import { MAX_PENDING } from "../stream/stream.js";
import { connectionUnder, type RawWebSocket, takesFrames } from "./raw-socket.js";

/** Bytes that may wait for the operating system before a put waits too: Node's own mark for sockets. */
const LOW_MARK = 16_384;

/** A put that waits until the frames up to its own are flushed. */
class Flush extends Deferred<boolean> {
  readonly frames: number;

  constructor(frames: number) {
    super();
    this.frames = frames;
  }
}

/**
 * Sends frames. The first of a turn of the event loop leaves at once, the others together at its end: the answers to a
 * chunk of messages cost two system calls, which are most of what they cost, and a single answer costs nothing extra.
 */
export class Outgoing {
  readonly #raw: RawWebSocket;
  readonly #connection: Duplex;
  /** Can frames that were made before be sent as they are? */
  readonly takesFrames: boolean;
  #waiting: Queue<Flush> | undefined;
  #isCorked = false;
  #sent = 0;
  #flushed = 0;
  #refused = 0;

  constructor(raw: RawWebSocket) {
    this.#raw = raw;
    this.#connection = connectionUnder(raw);
    this.takesFrames = takesFrames(raw);
  }

  /** Puts that wait. */
  get pending(): number {
    return this.#waiting?.length ?? 0;
  }

  /** Messages whose puts yielded true and that the operating system has not taken. */
  get lost(): number {
    return this.#sent - this.#flushed - this.#refused - this.pending;
  }

  /** Sends a frame; pushes what that causes. @returns a deferred of false if the connection breaks before it is flushed */
  send(frame: string | Uint8Array): Deferred<boolean> {
    this.#begin();
    this.#raw.send(frame, this.#onFlushed);
    return this.#answer();
  }

  /** As `send`, of a frame that is framed already, and goes to the connection as it is. */
  sendFramed(frame: Buffer): Deferred<boolean> {
    this.#begin();
    this.#connection.write(frame, this.#onFlushed);
    return this.#connection.writableLength <= LOW_MARK ? TRUE : this.#answer();
  }

  #begin(): void {
    // Node has not called back yet, so this is not the first.
    if (this.#sent !== this.#flushed && !this.#isCorked) this.#cork();
    this.#sent++;
  }

  #answer(): Deferred<boolean> {
    if (this.#raw.bufferedAmount <= LOW_MARK) return TRUE;
    this.uncork();
    // Nothing is left over: the operating system took it all within the call. (A broken connection has taken nothing.)
    if (this.#raw.bufferedAmount === 0 && this.#connection.writable) return TRUE;
    return this.#wait();
  }

  /** The connection is gone: what waits is not sent any more. */
  refuse(): void {
    for (let flush = this.#waiting?.shift(); flush !== undefined; flush = this.#waiting?.shift()) {
      this.#refused++;
      settle(flush, SUCCESS, false);
    }
  }

  #wait(): Deferred<boolean> {
    this.#waiting ??= new Queue();
    if (this.#waiting.length >= MAX_PENDING) {
      logError(
        undefined,
        `more than ${MAX_PENDING} puts wait on one websocket, which is cut; wait for each put, or drop some before it`,
      );
      this.#refused++;
      this.#raw.terminate();
      return FALSE;
    }
    const flush = new Flush(this.#sent);
    this.#waiting.push(flush);
    return flush;
  }

  /** One function for all frames: they are flushed in the order in which they were sent. */
  readonly #onFlushed = (error?: Error | null): void => {
    const base = mark();
    // Node calls back without an error for a write that was under way when the connection broke.
    if (error || this.#connection.destroyed) this.refuse();
    else {
      this.#flushed++;
      this.#settleFlushed();
    }
    drain(base);
  };

  #settleFlushed(): void {
    for (let flush = this.#waiting?.oldest(); flush !== undefined; flush = this.#waiting?.oldest()) {
      if (flush.frames > this.#flushed) return;
      this.#waiting?.shift();
      settle(flush, SUCCESS, true);
    }
  }

  #cork(): void {
    this.#isCorked = true;
    this.#connection.cork();
    nextTick(uncork, this);
  }

  /** Sends what was gathered. */
  uncork(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#connection.uncork();
  }
}

function uncork(outgoing: Outgoing): void {
  outgoing.uncork();
}
