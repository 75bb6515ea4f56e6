/** Responses whose body is a file: of a folder, of the resources that come with a program, or at a URL. Source: `ring.util.response`. */

import { fileURLToPath } from "node:url";
import { HttpFile, statIfThere } from "../byte-streams/core.js";
import { type Awaitable, andThen } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import {
  checkLookUpOptions,
  type FilePath,
  FolderFiles,
  type FolderOptions,
  type LookUpOptions,
  pathOf,
  ResourceFiles,
} from "./file-finder.js";
import { formatDate } from "./http-date.js";
import type { MadeResponse } from "./types.js";

/** A 200 whose body is a file, with Content-Length and Last-Modified. */
export type FileResponse = MadeResponse<HttpFile>;

/** Where a file is looked for. */
export interface FileResponseOptions extends Omit<FolderOptions, "cacheFor"> {
  /** The folder that paths are looked up in. Without it they are taken as they are, and not checked. */
  readonly root?: FilePath | undefined;
}

/** Where a resource is looked for. */
export interface ResourceResponseOptions extends Omit<LookUpOptions, "cacheFor"> {
  /** The folder inside of each of `roots` that the path is looked up in. @default these folders themselves */
  readonly root?: string | undefined;
  /** The folders that hold resources; the first that has the name wins. @default ["resources"] of the working directory */
  readonly roots?: readonly FilePath[] | undefined;
}

/** The response that sends a file that was looked up. */
export function foundResponse(file: HttpFile): FileResponse {
  const { size, mtime } = (file.seen as NonNullable<HttpFile["seen"]>).stats;
  return { status: 200, headers: { "Content-Length": String(size), "Last-Modified": formatDate(mtime) }, body: file };
}

const responseOf = (found: Awaitable<HttpFile | undefined>): Awaitable<FileResponse | undefined> =>
  andThen(found, (file) => file && foundResponse(file));

/**
 * A response that sends a file; undefined if there is none, or it lies outside of the root.
 *
 * What counts is where the path leads once links and dots are followed: inside of the root `sub/../page.html` and links
 * are fine. Devices, FIFOs and sockets are not there. It is the very file that was found that is sent: if another is in
 * its place by then, the request fails with `RING_FILE_CHANGED`, status 503.
 *
 * @param path Not encoded. With a root it is relative to that, even if it begins with a slash.
 * @throws {BadPathError} code `RING_BAD_PATH`, status 400, in place, if it has a NUL character; what the disk throws, but
 *   for what means that there is nothing.
 * @example
 * (await fileResponse("LICENSE", { root: "." }))?.status; // => 200
 * @see Source: `ring.util.response/file-response`. Differs: the answer comes later; special files are not served; an index
 *   file that is a link out is refused, too.
 */
export function fileResponse(path: string, options: FileResponseOptions = {}): Awaitable<FileResponse | undefined> {
  const { root } = options;
  checkLookUpOptions("fileResponse", options);
  return responseOf(new FolderFiles(root === undefined ? undefined : pathOf(root), options).find(path));
}

/** Where resources are if nobody says: the folder that Clojure's projects have them in. */
const RESOURCES = ["resources"];

/**
 * A response that sends a resource, a file that comes with the program; undefined if there is none, or it lies outside.
 *
 * Resources are named from folders that are looked through in order, as on a class path: the first that has the name wins. A
 * folder is no resource, a name with `..` is none, and a symbolic link leads to places below `root` in one of the folders, or is
 * refused.
 *
 * @example
 * const roots = [new URL("../resources/", import.meta.url)]; // beside this module, wherever the package is installed
 * await resourceResponse("logo.svg", { root: "public", roots });
 * @see Source: `ring.util.response/resource-response`. Differs: `roots` in place of the class path and its loader; links
 *   are checked without a root, too.
 */
export function resourceResponse(
  path: string,
  options: ResourceResponseOptions = {},
): Awaitable<FileResponse | undefined> {
  const { root, roots = RESOURCES } = options;
  checkLookUpOptions("resourceResponse", options);
  return responseOf(new ResourceFiles(roots.map(pathOf), root, options).find(path));
}

/** What is known about a resource. */
export interface ResourceData {
  readonly content: HttpFile;
  /** Bytes. */
  readonly contentLength: number;
  readonly lastModified: Date;
}

/**
 * What is at a `file:` URL; undefined if there is no file.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for another URL.
 * @example
 * (await resourceData(new URL("package.json", `file://${process.cwd()}/`)))?.contentLength;
 * @see Source: `ring.util.response/resource-data`. Differs: there are no jars; it is not open to other protocols.
 */
export function resourceData(url: URL): Awaitable<ResourceData | undefined> {
  if (url.protocol !== "file:") {
    throw new InvalidArgumentError(`resourceData: only file: URLs can be looked at, not ${url.protocol}`);
  }
  const path = fileURLToPath(url);
  return andThen(statIfThere(path), (stats) => {
    if (!stats?.isFile()) return undefined;
    const content = new HttpFile(path, 0, undefined, undefined, { path, stats, isStale: false });
    return { content, contentLength: stats.size, lastModified: stats.mtime };
  });
}

/**
 * A response that sends what is at a `file:` URL; undefined if there is no file.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for another URL.
 * @example
 * const handler = () => urlResponse(new URL("./robots.txt", import.meta.url));
 * @see Source: `ring.util.response/url-response`. Differs: a file that is missing is no empty one.
 */
export function urlResponse(url: URL): Awaitable<FileResponse | undefined> {
  return andThen(resourceData(url), (data) => data && foundResponse(data.content));
}
