import type { Deferred } from "../deferred/index.js";

/** Stands for the end of a body; no chunk can be it. */
export const END: unique symbol = Symbol("end of body");

/** A body that comes bit by bit, as the one loop that sends bodies sees it. */
export interface ChunkSource {
  /** The next chunk, or END, now or later. Called again only after the chunk before has arrived. */
  next(): unknown | Deferred<unknown>;
  /** Called once, when the rest is not wanted: releases what is behind the body and stops whoever produces it. */
  close(failure?: unknown): void;
  /** Is everything that is not bytes sent as text? Otherwise it is an error. */
  readonly isText: boolean;
  /** May the headers wait a moment for the first chunk, so that an early failure can still be answered properly? */
  readonly mayFailEarly: boolean;
}
