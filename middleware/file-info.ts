/** Headers of a body that is a file. Source: `ring.middleware.file-info`. */

import { asFile, type FileRegion, fileRegion, type HttpFile } from "../src/byte-streams/core.js";
import { type Awaitable, andThen } from "../src/deferred/index.js";
import { RingError } from "../src/errors/index.js";
import { formatDate, parseDate } from "../src/ring/http-date.js";
import { extMimeType, type MimeTypes } from "../src/ring/mime-type.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

/** The if-modified-since header of a request is no date. Code `RING_BAD_DATE`, status 400. */
export class BadDateError extends RingError {
  constructor() {
    super("RING_BAD_DATE", "the if-modified-since header is no date as `Sun, 06 Nov 1994 08:49:37 GMT` is one", {
      status: 400,
    });
  }
}

/** The other two forms of dates in HTTP have a dash after the day, and no comma. */
const RFC_1123 = /^\w+, *-?\d+ /;

function isUnchangedSince(header: string | undefined, modified: Date): boolean {
  if (header === undefined || header === null) return false;
  const since = RFC_1123.test(header) ? parseDate(header) : undefined;
  if (since === undefined) throw new BadDateError();
  return since.getTime() >= Math.floor(modified.getTime() / 1000) * 1000;
}

/**
 * Adds the type (by its extension), length and date of a body that is a file, in place of those that are there; answers 304
 * if that is not younger than if-modified-since says.
 *
 * @throws {BadDateError} code `RING_BAD_DATE`, status 400, if if-modified-since is no date in the form of RFC 1123; what
 *   `stat` throws, for a file that is missing.
 * @deprecated as in Ring: `wrapContentType` and `wrapNotModified`
 * @example
 * (await fileInfoResponse({ status: 200, headers: {}, body: file("LICENSE") }, { headers: {} })).headers;
 * @see Source: `ring.middleware.file-info/file-info-response`.
 */
export function fileInfoResponse<R extends RingResponse | null | undefined>(
  response: R,
  request: Partial<Pick<RingRequest, "headers">>,
  mimeTypes?: MimeTypes | null,
): Awaitable<R> {
  const file = asFile(response?.body);
  if (file === undefined) return response;
  return andThen(fileRegion(file), (region) => withInfo(response, request, file, region, mimeTypes) as R);
}

function withInfo(
  response: RingResponse | null | undefined,
  request: Partial<Pick<RingRequest, "headers">>,
  { path }: HttpFile,
  { length, seen }: FileRegion,
  mimeTypes: MimeTypes | null | undefined,
): RingResponse {
  const { mtime } = seen.stats;
  const isUnchanged = isUnchangedSince(request.headers?.["if-modified-since"], mtime);
  const headers = {
    ...response?.headers,
    "Content-Type": extMimeType(path, mimeTypes) ?? "application/octet-stream",
    // As Ring writes it here, and only here.
    "Last-Modified": formatDate(mtime).replace("GMT", "+0000"),
    "Content-Length": isUnchanged ? "0" : String(length),
  };
  return isUnchanged ? { ...response, status: 304, headers, body: "" } : { ...response, headers };
}

/**
 * Middleware: hands responses through {@link fileInfoResponse}.
 *
 * @param mimeTypes Types by extension (lower case, without the dot), looked at before the known ones.
 * @deprecated as in Ring: `wrapContentType` and `wrapNotModified`
 * @example
 * const app = wrapFileInfo(() => ({ status: 200, body: file("notes.md") }), { md: "text/markdown" });
 * @see Source: `ring.middleware.file-info/wrap-file-info`.
 */
export function wrapFileInfo<R extends RingRequest>(handler: Handler<R>, mimeTypes?: MimeTypes | null): Handler<R> {
  return tagged("wrapFileInfo", handler, (request: R) =>
    andThen(handler(request), (response) => fileInfoResponse(response, request, mimeTypes)),
  );
}
