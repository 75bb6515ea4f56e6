/** Runs the steps of a path, and closes what was opened on the way. */

import {
  type Awaitable,
  catchError,
  chain,
  type Deferred,
  errorDeferred,
  isDeferrable,
  successDeferred,
  toDeferred,
} from "../deferred/index.js";
import type { Source } from "../stream/index.js";
import { closeBody, isReadable } from "./close.js";
import type { Edge } from "./graph.js";
import type { ConvertOptions } from "./options.js";
import { isWhole, type Type } from "./types.js";

/**
 * Runs the steps one after the other.
 *
 * What a step in between has made is closed when the next one that is whole is there, or, of a sequence or stream, when
 * that has ended or been left; and at once when a step fails.
 */
export function runPath(x: unknown, edges: readonly Edge[], options: ConvertOptions): Awaitable<unknown> {
  return edges.length === 1 ? runOnly(edges[0] as Edge, x, options) : runFrom(0, x, edges, options, []);
}

/** Most paths have one step, and with nothing before it there is nothing to close behind it. */
function runOnly(edge: Edge, x: unknown, options: ConvertOptions): Awaitable<unknown> {
  if (edge.isSync) return edge.convert(x, options);
  try {
    const made = edge.convert(x, options);
    return isDeferrable(made) ? toDeferred(made) : successDeferred(made);
  } catch (error) {
    return errorDeferred(error);
  }
}

function runFrom(
  start: number,
  x: unknown,
  edges: readonly Edge[],
  options: ConvertOptions,
  opened: readonly unknown[],
): Awaitable<unknown> {
  let value = x;
  let open = opened;
  for (let at = start; at < edges.length; at++) {
    const edge = edges[at] as Edge;
    if (!edge.isSync) {
      return runLater(at, value, edges, options, open);
    }
    const made = guarded(() => edge.convert(value, options), open);
    [value, open] = kept(made, edge.to, open);
  }
  return value;
}

/** A step that has to wait, and the rest: always a deferred, whether it happened to have its result or not. */
function runLater(
  at: number,
  x: unknown,
  edges: readonly Edge[],
  options: ConvertOptions,
  open: readonly unknown[],
): Deferred<unknown> {
  const edge = edges[at] as Edge;
  const made = catchError(
    chain(undefined, () => edge.convert(x, options)),
    closing(open),
  );
  return chain(made, (result) => {
    const [value, stillOpen] = kept(result, edge.to, open);
    return runFrom(at + 1, value, edges, options, stillOpen);
  });
}

function guarded<T>(step: () => T, open: readonly unknown[]): T {
  try {
    return step();
  } catch (error) {
    return closing(open)(error);
  }
}

const closing =
  (open: readonly unknown[]) =>
  (error: unknown): never => {
    open.forEach(closeBody);
    throw error;
  };

/** What a step has made, and what has to be closed after it. */
function kept(made: unknown, type: Type, open: readonly unknown[]): [made: unknown, open: readonly unknown[]] {
  if (isWhole(type)) {
    open.forEach(closeBody);
    return [made, []];
  }
  if (open.length === 0) return [made, [made]];
  const close = (): void => open.forEach(closeBody);
  if (type.kind === "stream") {
    (made as Source<unknown>).onDrained(close);
    return [made, [made]];
  }
  if (type.kind === "seq") {
    const ending = endedBy(made as Iterable<unknown>, close);
    return [ending, [ending]];
  }
  if (isReadable(made)) {
    made.once("close", close);
    return [made, [made]];
  }
  return [made, [...open, made]];
}

function endedBy(elements: Iterable<unknown>, close: () => void): Iterable<unknown> {
  return {
    *[Symbol.iterator]() {
      try {
        yield* elements;
      } finally {
        close();
      }
    },
  };
}
