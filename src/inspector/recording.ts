/** What is kept of a request: how long it took, and each part of its stack. */

import type { RequestEvent } from "../ring/diagnostics/events.js";

/** A part of a stack that was asked for its answer. */
export interface PartTime {
  readonly name: string;
  /** 0 for the outermost. */
  readonly depth: number;
  /** Milliseconds from the start of the request. */
  readonly start: number;
  /** Milliseconds until it had its answer, what is inside included; undefined while it has none. */
  readonly duration: number | undefined;
  /** The same, without what is inside. */
  readonly own: number | undefined;
  readonly hasFailed: boolean;
}

/** What there is to show of a request: neither its headers, nor its query, nor any body. */
export interface RequestRow {
  readonly id: number;
  readonly method: string;
  readonly path: string;
  readonly route: string | undefined;
  /** By the clock, in milliseconds since 1970. */
  readonly at: number;
  readonly duration: number | undefined;
  readonly status: number | undefined;
  readonly isComplete: boolean | undefined;
  /** The class of an error and its code; never its message. */
  readonly error: string | undefined;
  readonly parts: readonly PartTime[];
}

/** Parts of one request that are kept; a loop of forwards must not fill the memory. */
const MOST_PARTS = 200;

/** A part that was entered. */
export class Part {
  readonly name: string;
  readonly parent: Part | undefined;
  readonly start: number;
  end: number | undefined;
  hasFailed = false;
  /** Milliseconds that the parts right inside it took. */
  inner = 0;

  constructor(name: string, parent: Part | undefined) {
    this.name = name;
    this.parent = parent;
    this.start = performance.now();
  }

  get depth(): number {
    return this.parent === undefined ? 0 : this.parent.depth + 1;
  }
}

/** What one request went through. */
export class Recording {
  readonly #id: number;
  readonly #at = Date.now();
  /** Until the request is over: it holds the request, with its body and its connection. */
  #event: RequestEvent | undefined;
  #lastRow: RequestRow | undefined;
  readonly #parts: Part[] = [];
  /** The innermost part that has no answer yet. */
  #current: Part | undefined;

  constructor(id: number, event: RequestEvent) {
    this.#id = id;
    this.#event = event;
  }

  /** @returns undefined if there are too many */
  enter(name: string): Part | undefined {
    if (this.#parts.length >= MOST_PARTS) return undefined;
    const part = new Part(name, this.#current);
    this.#parts.push(part);
    this.#current = part;
    return part;
  }

  leave(part: Part, hasFailed: boolean): void {
    part.end = performance.now();
    part.hasFailed = hasFailed;
    if (part.parent !== undefined) part.parent.inner += part.end - part.start;
    // One that is left late, behind the one around it, is not current any more.
    if (this.#current === part) this.#current = part.parent;
  }

  /** The request is over, and need not be kept. */
  close(): void {
    this.#lastRow = this.row;
    this.#event = undefined;
  }

  get row(): RequestRow {
    return this.#event === undefined ? (this.#lastRow as RequestRow) : this.#rowOf(this.#event);
  }

  #rowOf({ request, route, startTime, duration, status, isComplete, error }: RequestEvent): RequestRow {
    return {
      id: this.#id,
      method: request.requestMethod.toUpperCase(),
      path: request.uri,
      route,
      at: this.#at,
      duration,
      status,
      isComplete,
      error: error === undefined ? undefined : nameOf(error),
      parts: this.#parts.map((part): PartTime => {
        const { name, depth, start, end, hasFailed, inner } = part;
        const took = end === undefined ? undefined : end - start;
        const own = took === undefined ? undefined : Math.max(0, took - inner);
        return { name, depth, start: start - startTime, duration: took, own, hasFailed };
      }),
    };
  }
}

function nameOf(error: unknown): string {
  if (error === null || typeof error !== "object") return typeof error;
  const { name, code } = error as { readonly name?: unknown; readonly code?: unknown };
  const words = [name, code].filter((word) => typeof word === "string");
  return words.length === 0 ? "object" : words.join(" ");
}
