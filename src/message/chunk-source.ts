import type { Deferred, Listener } from "../deferred/index.js";

/** Stands for the end of a body; no chunk can be it. */
export const END: unique symbol = Symbol("end of body");

/** Stands for a chunk that is not there yet, of a source that will tell its reader itself. */
export const LATER: unique symbol = Symbol("later");

/** A body that comes bit by bit, as the one loop that sends bodies sees it. */
export interface ChunkSource {
  /**
   * The next chunk, or END, now or later. Called again only after the chunk before has arrived.
   *
   * @param reader Told of the chunk, or END, if the answer is LATER.
   */
  next(reader: Listener<unknown>): unknown | Deferred<unknown>;
  /** Called once, when the rest is not wanted: releases what is behind the body and stops whoever produces it. */
  close(failure?: unknown): void;
  /** Is everything that is not bytes sent as text? Otherwise it is an error. */
  readonly isText: boolean;
  /** May the headers wait a moment for the first chunk, so that an early failure can still be answered properly? */
  readonly mayFailEarly: boolean;
}
