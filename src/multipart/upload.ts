/** What a store of uploads gets, and what it is. */

import type { Readable } from "node:stream";
import type { Awaitable } from "../deferred/index.js";

/** A file on its way. Its content is read once, through `stream` or through `read`. */
export interface Upload {
  /** The name that the client gave it, perhaps "" or with a path; never to be used as a path. */
  readonly filename: string;
  /** As the client says; undefined if it does not. */
  readonly contentType: string | undefined;
  /** The content as a Node stream, made when it is asked for; it fails if the upload does. */
  readonly stream: Readable;
  /** The next bytes, at once if they are there already; undefined at the end. Fails, in place or as a rejection, if the upload does. */
  readonly read: () => Awaitable<Uint8Array | undefined>;
}

/**
 * Keeps the content of files: reads the stream, and answers, now or later, with what becomes the parameter. The request is
 * the one that carries the file.
 *
 * An upload may fail as a whole after some of its files were stored; then `remove` is called for each of them.
 */
export interface UploadStore<V = unknown> {
  (upload: Upload, request: object): Awaitable<V>;
  /** Removes what was stored; without it, nothing is. */
  remove?(value: V): Awaitable<unknown>;
}
