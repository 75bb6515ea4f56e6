/** The answer to a request for a file: what `wrapFile` and `wrapResource` have in common. */

import { HttpFile } from "../byte-streams/core.js";
import { type Awaitable, andThen } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import { EncodingChoice } from "./accept-encoding.js";
import { urlDecode } from "./codec.js";
import type { FileFinder } from "./file-finder.js";
import { BadPathError } from "./file-names.js";
import { type FileResponse, foundResponse } from "./file-response.js";
import { pathInfo } from "./request.js";
import type { MadeResponse, RingRequest } from "./types.js";

/** What of a request says which file is wanted. */
export type FileRequest = Pick<RingRequest, "requestMethod" | "uri"> &
  Partial<Pick<RingRequest, "pathInfo" | "headers">>;

/** A file, or its headers for HEAD. */
export type FileAnswer = FileResponse | MadeResponse<null>;

export interface PrecompressedOptions {
  /**
   * Codings in which files may lie beside the files themselves, as `page.html.br` and `page.html.gz`, the best first: one
   * that the client accepts is sent in place of `page.html`. @default none
   */
  readonly precompressed?: readonly PrecompressedEncoding[] | undefined;
}

const SUFFIXES = { br: ".br", gzip: ".gz", zstd: ".zst" } as const;

export type PrecompressedEncoding = keyof typeof SUFFIXES;

/** How files that are precompressed are chosen; undefined if none are. @throws {InvalidArgumentError} */
export function precompressedChoice(
  name: string,
  { precompressed = [] }: PrecompressedOptions,
): EncodingChoice<PrecompressedEncoding> | undefined {
  for (const encoding of precompressed) {
    if (Object.hasOwn(SUFFIXES, encoding)) continue;
    throw new InvalidArgumentError(`${name}: precompressed takes "br", "gzip" and "zstd", not ${encoding as string}`);
  }
  return precompressed.length === 0 ? undefined : new EncodingChoice(precompressed);
}

/** Answers a GET or HEAD whose path names a file; undefined otherwise. @throws {BadPathError} */
export function fileAnswer(
  request: FileRequest,
  finder: FileFinder,
  choice: EncodingChoice<PrecompressedEncoding> | undefined,
): Awaitable<FileAnswer | undefined> {
  const { requestMethod, headers } = request;
  if (requestMethod !== "get" && requestMethod !== "head") return undefined;
  const path = urlDecode(pathInfo(request));
  if (path === "") throw new BadPathError();
  const accepted = choice?.accepted(headers?.["accept-encoding"]) ?? [];
  const isSent = requestMethod === "get" && !isConditional(headers);
  return andThen(finder.find(path.slice(1), isSent && accepted.length === 0), (file) => {
    if (file === undefined) return undefined;
    if (choice === undefined) return withoutBodyForHead(foundResponse(file), requestMethod);
    return andThen(inEncoding(file, finder, accepted, isSent, 0), (response) =>
      withoutBodyForHead(response, requestMethod),
    );
  });
}

/** May the answer be another than the whole file? */
function isConditional(headers: RingRequest["headers"] | undefined): boolean {
  if (headers === undefined) return false;
  return (
    headers["if-modified-since"] !== undefined ||
    headers["if-none-match"] !== undefined ||
    headers["range"] !== undefined
  );
}

/** Nothing is open yet that would have to be closed. */
function withoutBodyForHead(response: FileResponse, requestMethod: string): FileAnswer {
  return requestMethod === "head" ? { ...response, body: null } : response;
}

/** The file in the first of these codings that it is there in, else as it is. */
function inEncoding(
  file: HttpFile,
  finder: FileFinder,
  accepted: readonly PrecompressedEncoding[],
  isSent: boolean,
  from: number,
): Awaitable<FileResponse> {
  const encoding = accepted[from];
  if (encoding === undefined) return withHeaders(foundResponse(file), { Vary: "Accept-Encoding" });
  return andThen(finder.beside(file, SUFFIXES[encoding], isSent), (seen) => {
    if (seen === undefined) return inEncoding(file, finder, accepted, isSent, from + 1);
    // It keeps its name, so that its type is the one of what was compressed.
    const encoded = new HttpFile(file.path, 0, undefined, file.chunkSize, seen);
    return withHeaders(foundResponse(encoded), { "Content-Encoding": encoding, Vary: "Accept-Encoding" });
  });
}

function withHeaders(response: FileResponse, headers: Readonly<Record<string, string>>): FileResponse {
  return { ...response, headers: { ...response.headers, ...headers } };
}
