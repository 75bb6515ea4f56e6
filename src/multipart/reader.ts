/** Takes a multipart body apart, bit by bit: parts one after the other, their bytes as they come. */

import { Buffer } from "node:buffer";
import { type ByteBody, type ByteChunks, readChunks } from "../byte-streams/core.js";
import { type Awaitable, andThen } from "../deferred/index.js";
import { MalformedMultipartError, MultipartLimitError } from "./errors.js";

export interface MultipartReaderOptions {
  /** Largest head of a part, its empty line included, in bytes. @default 512 */
  readonly maxPartHeaderSize?: number | undefined;
  /**
   * Is a body malformed that has no boundary, has none at its end, or goes on behind one with something else than a line? If
   * not, it just ends there. @default false
   */
  readonly isStrict?: boolean | undefined;
  /** Called after each read from the body with the bytes read so far. */
  readonly onRead?: ((bytesRead: number) => void) | undefined;
}

/** The default of `maxPartHeaderSize`, which is that of the library below Ring. */
export const MAX_PART_HEADER_SIZE = 512;

/**
 * RFC 2046 allows 70 characters. The search for a boundary takes, at worst, time in proportion to its length for each byte,
 * so it must not be a client's to choose.
 */
const MAX_BOUNDARY_SIZE = 256;

const NOTHING = Buffer.alloc(0);
const HEAD_END = Buffer.from("\r\n\r\n");
const CR = 13;
const LF = 10;
const DASH = 45;

/**
 * A multipart body under way.
 *
 * The parts are where the library below Ring sees them: everything up to the next `--boundary` is skipped, what follows it
 * begins a part if it is a line end, and else ends the body quietly. Of a part nothing is kept but what has come and was not
 * asked for yet; bytes are searched, and handed on, without a copy.
 */
export class MultipartReader {
  readonly #chunks: ByteChunks;
  readonly #options: MultipartReaderOptions;
  /** A line end, two dashes and the boundary. */
  #delimiter: Buffer;
  /** Bytes that have come and belong to nobody yet. */
  #rest: Buffer = NOTHING;
  #bytesRead = 0;
  #isInPart = false;
  /** A read that has to wait; a stream over the part may have begun one that nobody needs any more. */
  #pending: Promise<Buffer | undefined> | undefined;

  /** @throws {MalformedMultipartError} code `RING_MULTIPART_MALFORMED`, for a boundary that is empty or too long. */
  constructor(body: ByteBody, boundary: string | undefined, options: MultipartReaderOptions = {}) {
    this.#delimiter = delimiterOf(boundary);
    this.#options = options;
    this.#chunks = readChunks(body);
  }

  /** The boundary from here on, inside a part or out of it again. */
  set boundary(boundary: string | undefined) {
    const delimiter = delimiterOf(boundary);
    if (delimiter.length !== this.#delimiter.length) {
      throw new MalformedMultipartError("the boundary inside a part has another length than the one around it");
    }
    this.#delimiter = delimiter;
    this.#isInPart = false;
  }

  /**
   * Goes to the next part, past what is left of this one. @returns its head; undefined after the last part
   *
   * @throws {MalformedMultipartError} code `RING_MULTIPART_MALFORMED`, if the body ends inside a part;
   *   {@link MultipartLimitError} code `RING_MULTIPART_LIMIT`, for a head above `maxPartHeaderSize`.
   */
  async nextPart(): Promise<Buffer | undefined> {
    await this.#pending;
    // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
    while (this.#isInPart) await this.read();
    if (!(await this.#seek())) return undefined;
    const head = await this.#head();
    this.#isInPart = true;
    return head;
  }

  /**
   * The next bytes of the part, at once if they are there; undefined at its end.
   *
   * @throws {MalformedMultipartError} code `RING_MULTIPART_MALFORMED`, if the body ends before the part does; what the body
   *   fails with. In place or as a rejection.
   */
  read(): Awaitable<Buffer | undefined> {
    if (!this.#isInPart) return undefined;
    const bytes = this.#content();
    if (bytes !== undefined || !this.#isInPart) return bytes;
    this.#pending = this.#readOn();
    return this.#pending;
  }

  /** Lets go of the rest of the body. */
  abandon(): void {
    this.#rest = NOTHING;
    this.#isInPart = false;
    this.#chunks.abandon();
  }

  async #readOn(): Promise<Buffer | undefined> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
      if (!(await this.#fill()))
        throw new MalformedMultipartError("it ends inside a part, before the closing boundary");
      const bytes = this.#content();
      if (bytes !== undefined || !this.#isInPart) return bytes;
    }
  }

  /** What has come of the part's content; undefined if it is nothing. Leaves the part at its end. */
  #content(): Buffer | undefined {
    const rest = this.#rest;
    const at = rest.indexOf(this.#delimiter);
    const end = at === -1 ? rest.length - keptBack(rest, this.#delimiter) : at;
    if (at !== -1) this.#isInPart = false;
    if (end === 0) return undefined;
    this.#rest = rest.subarray(end);
    return rest.subarray(0, end);
  }

  /** Goes past the next boundary. @returns whether a part begins there */
  async #seek(): Promise<boolean> {
    // At the beginning of the body no line end comes before it.
    const boundary = this.#delimiter.subarray(2);
    let at = this.#rest.indexOf(boundary);
    while (at === -1) {
      this.#rest = this.#rest.subarray(this.#rest.length - keptBack(this.#rest, boundary));
      // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
      if (!(await this.#fill())) return this.#end("it ends before the closing boundary");
      at = this.#rest.indexOf(boundary);
    }
    this.#rest = this.#rest.subarray(at + boundary.length);
    if (!(await this.#has(1))) return this.#end("it ends after a boundary");
    if (this.#rest[0] === LF) {
      this.#rest = this.#rest.subarray(1);
      return true;
    }
    if (!(await this.#has(2))) return this.#end("it ends after a boundary");
    const [first, second] = this.#rest;
    if (first === DASH && second === DASH) return false;
    if (first !== CR || second !== LF) return this.#end("what follows a boundary is no line end");
    this.#rest = this.#rest.subarray(2);
    return true;
  }

  /** The end of the body, which is none for who is strict. */
  #end(fault: string): false {
    if (this.#options.isStrict === true) throw new MalformedMultipartError(fault);
    return false;
  }

  async #head(): Promise<Buffer> {
    const { maxPartHeaderSize = MAX_PART_HEADER_SIZE } = this.#options;
    for (;;) {
      const end = this.#rest.subarray(0, maxPartHeaderSize).indexOf(HEAD_END);
      if (end !== -1) {
        const head = this.#rest.subarray(0, end + HEAD_END.length);
        this.#rest = this.#rest.subarray(head.length);
        return head;
      }
      if (this.#rest.length > maxPartHeaderSize) {
        throw new MultipartLimitError(
          "the headers of a part are longer",
          "maxPartHeaderSize",
          maxPartHeaderSize,
          "bytes",
        );
      }
      // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
      if (!(await this.#fill())) throw new MalformedMultipartError("it ends inside the headers of a part");
    }
  }

  async #has(count: number): Promise<boolean> {
    // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
    while (this.#rest.length < count) if (!(await this.#fill())) return false;
    return true;
  }

  /** Waits for more. @returns whether there was any */
  #fill(): Awaitable<boolean> {
    return andThen(this.#chunks.next(), (chunk) => {
      if (chunk === undefined) return false;
      this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      this.#bytesRead += chunk.length;
      this.#options.onRead?.(this.#bytesRead);
      return true;
    });
  }
}

function delimiterOf(boundary: string | undefined): Buffer {
  if (boundary === undefined || boundary === "")
    throw new MalformedMultipartError("its content-type names no boundary");
  if (boundary.length > MAX_BOUNDARY_SIZE) {
    throw new MalformedMultipartError(`its boundary is longer than ${MAX_BOUNDARY_SIZE} characters`);
  }
  return Buffer.from(`\r\n--${boundary}`, "latin1");
}

/** How many bytes at the end may be the beginning of a delimiter; nearly always none, so that nothing is copied. */
function keptBack(bytes: Buffer, delimiter: Buffer): number {
  const first = delimiter[0] as number;
  let at = bytes.indexOf(first, Math.max(0, bytes.length - delimiter.length + 1));
  while (at !== -1) {
    const length = bytes.length - at;
    if (bytes.compare(delimiter, 0, length, at) === 0) return length;
    at = bytes.indexOf(first, at + 1);
  }
  return 0;
}
