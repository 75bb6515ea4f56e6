import { EventEmitter } from "node:events";
import type { UnderlyingSource } from "node:stream/web";
import type { HeaderValue } from "../ring/types.js";

/** Bytes of a body that wait for a reader before whoever makes the body is told to wait. */
const HIGH_WATER_MARK = 65_536;

/** The client has gone; nobody reads it. */
const CLIENT_GONE = 499;

const encoder = new TextEncoder();

/**
 * What the writer of responses uses of Node's response, over a `Response` of fetch: so that one code writes both. It emits
 * `drain` when the reader of the body wants more, and `close` when it has all of it or wants no more.
 */
export class FetchResponse extends EventEmitter {
  statusCode = 200;
  headersSent = false;
  destroyed = false;
  writableFinished = false;
  readonly #answer: (response: Response) => void;
  readonly #headers = new Headers();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** @param answer Gets the response, once: when its head is known. */
  constructor(answer: (response: Response) => void) {
    super();
    this.#answer = answer;
  }

  setHeader(name: string, value: HeaderValue): void {
    if (!Array.isArray(value)) {
      this.#headers.set(name, String(value as string | number));
      return;
    }
    this.#headers.delete(name);
    for (const line of value) this.#headers.append(name, line);
  }

  getHeader(name: string): string | string[] | undefined {
    if (!this.#headers.has(name)) return undefined;
    return name.toLowerCase() === "set-cookie" ? this.#headers.getSetCookie() : (this.#headers.get(name) as string);
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name);
  }

  removeHeader(name: string): void {
    this.#headers.delete(name);
  }

  /** Gives out the response; its body comes later. */
  flushHeaders(): void {
    if (this.headersSent || this.destroyed) return;
    const source: UnderlyingSource<Uint8Array> & { readonly type?: undefined } = {
      start: (controller: ReadableStreamDefaultController<Uint8Array>) => {
        this.#controller = controller;
      },
      pull: () => (this.#failure === undefined ? void this.emit("drain") : this.#tellFailure()),
      cancel: (reason) => this.leave(reason),
    };
    this.#send(new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_MARK })));
  }

  #send(body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null): void {
    this.headersSent = true;
    this.#answer(new Response(body, { status: this.statusCode, headers: this.#headers }));
  }

  /** @returns false if the next chunk should wait for `drain` */
  write(chunk: string | Uint8Array): boolean {
    this.flushHeaders();
    const controller = this.#controller as ReadableStreamDefaultController<Uint8Array>;
    controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : chunk);
    return (controller.desiredSize ?? 0) > 0;
  }

  end(payload: string | Uint8Array = ""): void {
    if (this.destroyed) return;
    this.writableFinished = true;
    // Bytes, as a Response would add a content-type to a string.
    const bytes = typeof payload === "string" ? encoder.encode(payload) : (payload as Uint8Array<ArrayBuffer>);
    if (!this.headersSent) this.#send(bytes.byteLength === 0 ? null : bytes);
    else this.#controller?.close();
    this.emit("close");
  }

  /** Somebody else answers. */
  handOver(): void {
    this.statusCode = 0;
    this.headersSent = true;
    this.writableFinished = true;
    this.emit("close");
  }

  /** Ends the body in the middle: its reader gets what was written, and then the error. */
  fail(error: unknown): void {
    this.destroyed = true;
    this.#failure = { error };
    this.#tellFailure();
    this.emit("close");
  }

  /** An error throws away what waits for the reader, so it waits behind it. */
  #tellFailure(): void {
    if (this.#controller?.desiredSize === HIGH_WATER_MARK) this.#controller.error(this.#failure?.error);
  }

  /** The client has gone: nobody wants an answer, or the rest of it. */
  leave(reason?: unknown): void {
    if (this.destroyed || this.writableFinished) return;
    if (!this.headersSent) this.#answer(new Response(null, { status: CLIENT_GONE }));
    this.destroyed = true;
    this.#controller?.error(reason);
    this.emit("close");
  }
}
