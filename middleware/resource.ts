/** Serves files that come with a program. Source: `ring.middleware.resource`. */

import { existsSync } from "node:fs";
import { closeBody } from "../src/byte-streams/core.js";
import { type Awaitable, andThen } from "../src/deferred/index.js";
import {
  checkLookUpOptions,
  type FilePath,
  type LookUpOptions,
  pathOf,
  ResourceFiles,
} from "../src/ring/file-finder.js";
import {
  type FileAnswer,
  type FileRequest,
  fileAnswer,
  type PrecompressedOptions,
  precompressedChoice,
} from "../src/ring/file-request.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

/** What is looked for among the resources. */
export interface ResourceRequestOptions extends Omit<LookUpOptions, "cacheFor">, PrecompressedOptions {
  /**
   * The folders that hold resources; the first that has the name wins. `new URL("../resources/", import.meta.url)` is a folder
   * of the package that says so. @default ["resources"] of the working directory
   */
  readonly roots?: readonly FilePath[] | undefined;
}

/** What is looked for among the resources, and who is asked first. */
export interface ResourceOptions extends LookUpOptions, ResourceRequestOptions {
  readonly allowSymlinks?: boolean | undefined;
  readonly dotfiles?: "serve" | "ignore" | undefined;
  /** Is the handler asked first, and the resource the answer only in place of a 404? @default false */
  readonly preferHandler?: boolean | undefined;
}

const foldersOf = ({ roots = ["resources"] }: ResourceRequestOptions): string[] => roots.map(pathOf);

/** One slash at the end means nothing. */
const rootOf = (root: string): string => (root.endsWith("/") ? root.slice(0, -1) : root);

/**
 * The answer to a GET or HEAD whose path (`pathInfo`, else `uri`) names a resource; undefined if there is none.
 *
 * @throws {BadPathError} code `RING_BAD_PATH`, status 400, in place, if the path is empty.
 * @example
 * (await resourceRequest({ requestMethod: "get", uri: "/hello.ts" }, "examples", { roots: ["."] }))?.status; // => 200
 * @see Source: `ring.middleware.resource/resource-request`. Differs: `roots` in place of the class path and its loader.
 */
export function resourceRequest(
  request: FileRequest,
  root: string,
  options: ResourceRequestOptions = {},
): Awaitable<FileAnswer | undefined> {
  checkLookUpOptions("resourceRequest", options);
  const finder = new ResourceFiles(foldersOf(options), rootOf(root), options);
  return fileAnswer(request, finder, precompressedChoice("resourceRequest", options));
}

/**
 * Middleware: answers GET and HEAD with the resources below `root`, and hands on what names none; see `resourceResponse` for
 * what may be asked for. There are no index files.
 *
 * If none of the folders has the root when this is called there is nothing to look up, and the handler stays as it is.
 *
 * @param root The folder in each of `roots`; with "" everything in them is public.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if an option is wrong.
 * @example
 * const app = wrapContentType(wrapResource(handler, "public", { roots: [new URL("../resources/", import.meta.url)] }));
 * @see Source: `ring.middleware.resource/wrap-resource`. Differs: `roots` in place of the class path and its loader; options
 *   beyond Ring's.
 */
export function wrapResource<R extends RingRequest>(
  handler: Handler<R>,
  root: string,
  options: ResourceOptions = {},
): Handler<R> {
  checkLookUpOptions("wrapResource", options);
  const choice = precompressedChoice("wrapResource", options);
  const folders = foldersOf(options).filter((folder) => existsSync(`${folder}/${root}`));
  if (folders.length === 0) return tagged("wrapResource", handler, (request: R) => handler(request));
  const finder = new ResourceFiles(folders, rootOf(root), options);
  const find = (request: R): Awaitable<RingResponse | undefined> => fileAnswer(request, finder, choice);
  const instead = (request: R): Awaitable<RingResponse | null | undefined> =>
    andThen(handler(request), (response) =>
      response?.status === 404
        ? andThen(find(request), (found) => {
            if (found === undefined) return response;
            closeBody(response.body);
            return found;
          })
        : response,
    );
  const first = (request: R): Awaitable<RingResponse | null | undefined> =>
    andThen(find(request), (found) => found ?? handler(request));
  return tagged("wrapResource", handler, options.preferHandler === true ? instead : first);
}
