/** Serves the files of a folder. Source: `ring.middleware.file`. */

import { realpathSync } from "node:fs";
import { closeBody } from "../src/byte-streams/core.js";
import { type Awaitable, andThen } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { checkLookUpOptions, type FilePath, FolderFiles, type FolderOptions, pathOf } from "../src/ring/file-finder.js";
import { BadPathError } from "../src/ring/file-names.js";
import {
  type FileAnswer,
  type FileRequest,
  fileAnswer,
  type PrecompressedOptions,
  precompressedChoice,
} from "../src/ring/file-request.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

export type { FileAnswer, FilePath, FileRequest };
export { BadPathError };

/** What is looked for in the folder. */
export interface FileRequestOptions extends Omit<FolderOptions, "cacheFor">, PrecompressedOptions {}

/** What is looked for in the folder, and who is asked first. */
export interface FileOptions extends FolderOptions, PrecompressedOptions {
  /** Is the handler asked first, and the file the answer only in place of a 404? @default false */
  readonly preferHandler?: boolean | undefined;
}

/**
 * The answer to a GET or HEAD whose path (`pathInfo`, else `uri`) names a file in the folder; undefined if there is none.
 *
 * @throws {BadPathError} code `RING_BAD_PATH`, status 400, in place, if the path is empty or has a NUL character.
 * @example
 * (await fileRequest({ requestMethod: "get", uri: "/LICENSE" }, "."))?.status; // => 200
 * @see Source: `ring.middleware.file/file-request`.
 */
export function fileRequest(
  request: FileRequest,
  root: FilePath,
  options: FileRequestOptions = {},
): Awaitable<FileAnswer | undefined> {
  checkLookUpOptions("fileRequest", options);
  return fileAnswer(request, new FolderFiles(pathOf(root), options), precompressedChoice("fileRequest", options));
}

function checkRoot(root: string): void {
  try {
    realpathSync.native(root);
  } catch (cause) {
    throw new InvalidArgumentError(`wrapFile: Directory does not exist: ${root}`, { cause });
  }
}

/**
 * Middleware: answers GET and HEAD with the files of a folder, and hands on what names none. Looks the file up while others
 * are served, remembers where it lies, and sends no other file than it has found; what may be asked for is at `fileResponse`.
 *
 * It adds no Content-Type (`wrapContentType` does), no 304 (`wrapNotModified`) and no ranges (`wrapRanges`).
 *
 * @param root Looked at when this is called; a link may later be set to another folder.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if the root does not exist or an option is wrong.
 *   For a path with a NUL character {@link BadPathError}, code `RING_BAD_PATH`, status 400.
 * @example
 * const files = wrapFile(handler, new URL("../public/", import.meta.url), { precompressed: ["br", "gzip"] });
 * const app = wrapRanges(wrapNotModified(wrapContentType(files)));
 * @see Source: `ring.middleware.file/wrap-file`. Differs: see `fileResponse`; options beyond Ring's.
 */
export function wrapFile<R extends RingRequest>(
  handler: Handler<R>,
  root: FilePath,
  options: FileOptions = {},
): Handler<R> {
  checkLookUpOptions("wrapFile", options);
  checkRoot(pathOf(root));
  const finder = new FolderFiles(pathOf(root), options);
  const choice = precompressedChoice("wrapFile", options);
  const find = (request: R): Awaitable<RingResponse | undefined> => fileAnswer(request, finder, choice);
  const instead = (request: R): Awaitable<RingResponse | null | undefined> =>
    andThen(handler(request), (response) => {
      if (response?.status !== 404) return response;
      // As in Ring, the handler's 404 is lost: without a file it is for the next handler to answer.
      closeBody(response.body);
      return find(request);
    });
  const first = (request: R): Awaitable<RingResponse | null | undefined> =>
    andThen(find(request), (found) => found ?? handler(request));
  return tagged("wrapFile", handler, options.preferHandler === true ? instead : first);
}
