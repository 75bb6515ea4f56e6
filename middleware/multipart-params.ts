/** Parameters and files from multipart forms. Source: `ring.middleware.multipart-params`. */

import { type Awaitable, andThen, isDeferrable } from "../src/deferred/index.js";
import { InvalidArgumentError } from "../src/errors/index.js";
import { FormReading, MAX_FIELDS_SIZE } from "../src/forms/index.js";
import { MAX_PART_COUNT, MAX_PART_HEADER_SIZE, MultipartError, type UploadStore } from "../src/multipart/index.js";
import type { ParamMap } from "../src/ring/codec.js";
import { EXCHANGE } from "../src/ring/exchange-symbol.js";
import { addParam, mapToFill, mergeParams } from "../src/ring/param-map.js";
import { contentType } from "../src/ring/request.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";
import { type TempFile, tempFileStore } from "./multipart-params/temp-file.js";

export {
  InvalidFilenameError,
  InvalidPartHeadersError,
  MalformedMultipartError,
  MultipartError,
  MultipartLimitError,
  type Upload,
  type UploadStore,
} from "../src/multipart/index.js";

/**
 * Fields and files by name: a text, or what the store answered; several of one name are an array. No prototype.
 *
 * @example
 * const upload = wrapMultipartParams(({ multipartParams: { photo } }) =>
 *   typeof photo === "object" && "filename" in photo // one file, and neither a text nor an array
 *     ? { status: 200, body: `${photo.filename}: ${photo.size} bytes in ${photo.tempfile}` }
 *     : { status: 400, body: "One photo, please." },
 * );
 */
export type MultipartParamMap<V = TempFile> = Readonly<Record<string, string | V | readonly (string | V)[]>>;

/** What `wrapMultipartParams` adds to a request. */
export interface MultipartParams<V = TempFile> {
  /** Fields and files, over those that were there before. */
  readonly multipartParams: MultipartParamMap<V>;
  /** The same over what was there before; files are maps in it. */
  readonly params: ParamMap;
}

/** Hears how far an upload has come. @param contentLength Bytes announced, or -1. @param itemCount Fields and files begun. */
export type ProgressFunction = (
  request: Partial<RingRequest>,
  bytesRead: number,
  contentLength: number,
  itemCount: number,
) => void;

/** Answers in place of the handler when an upload is refused. */
export type UploadErrorHandler = (
  request: RingRequest,
  error: MultipartError,
) => Awaitable<RingResponse | null | undefined>;

/** Where uploads go, and how much of them is taken. */
export interface MultipartParamsOptions<V = TempFile> {
  /** Charset of names and fields, whatever else says. @default see {@link parseMultipartParams} */
  readonly encoding?: string | null | undefined;
  /** Charset where nothing else names one. @default the request's, else "utf-8" */
  readonly fallbackEncoding?: string | null | undefined;
  /** Where files go. @default a `tempFileStore()`, one for all, made when it is first needed */
  readonly store?: UploadStore<V> | null | undefined;
  /** Called after each read from the body, and at each field and file. @default nothing is called */
  readonly progressFn?: ProgressFunction | null | undefined;
  /** Longest part, a file's or a field's, in bytes. @default Infinity */
  readonly maxFileSize?: number | null | undefined;
  /** Most fields and files. @default Infinity, but see `maxPartCount` */
  readonly maxFileCount?: number | null | undefined;
  /** All fields together, in bytes; they are held in memory. @default 1_048_576 (1 MiB) */
  readonly maxFieldsSize?: number | undefined;
  /** Most parts, those that are neither field nor file included. @default 1000 */
  readonly maxPartCount?: number | undefined;
  /** Largest head of a part, its empty line included, in bytes. @default 512 */
  readonly maxPartHeaderSize?: number | undefined;
  /** Answers for uploads that are malformed or beyond a limit. @default {@link contentTooLargeHandler} */
  readonly errorHandler?: UploadErrorHandler | null | undefined;
}

type Request = Partial<RingRequest>;
type Options = MultipartParamsOptions<unknown>;

let sharedStore: UploadStore<TempFile> | undefined;

function defaultStore(): UploadStore {
  sharedStore ??= tempFileStore();
  return sharedStore as UploadStore;
}

/** A file as multer leaves it on Express's request. */
interface MulterFile {
  readonly fieldname: string;
  readonly originalname: string;
  readonly mimetype: string;
  readonly size: number;
  readonly path?: string;
  readonly buffer?: Uint8Array;
}

const isMulterFile = (file: unknown): file is MulterFile =>
  typeof (file as Partial<MulterFile> | null)?.fieldname === "string";

/** The parameters that a parser of Express (multer) has made of the body. */
function parsedParams(request: Request): MultipartParamMap<unknown> {
  const params = Object.assign(mapToFill<unknown>(), request.parsedBody);
  const parsed = request[EXCHANGE]?.parsedFiles ?? [];
  const files = isMulterFile(parsed) ? [parsed] : Object.values(parsed).flat();
  for (const file of files.filter(isMulterFile)) {
    const { fieldname, originalname: filename, mimetype: contentType, buffer: bytes, path: tempfile, size } = file;
    addParam(
      params,
      fieldname,
      bytes === undefined ? { filename, contentType, tempfile, size } : { filename, contentType, bytes },
    );
  }
  return params as MultipartParamMap<unknown>;
}

const isBytes = (body: unknown): body is string | Uint8Array => typeof body === "string" || ArrayBuffer.isView(body);

/** Options with a store of one's own, whose answers are the values of files. */
type StoreOptions<V> = MultipartParamsOptions<V> & { readonly store: UploadStore<V> };

/**
 * Reads the parameters of a multipart form; undefined if the content-type is not exactly `multipart/form-data`.
 *
 * Parts are handled one by one as they come: a file is handed to the store, and the next one is not read before it has
 * answered, so memory stays small whatever the size of a file. Fields are text in the charset of the option `encoding`, else
 * of a field `_charset_`, else of the part's content-type, else of `fallbackEncoding`, the request's content-type, UTF-8. What
 * multer, or another parser of Express, has read already is taken from it, with its files in the shape of the kit's own.
 *
 * @throws {MultipartError} `RING_MULTIPART_MALFORMED` (400) or `RING_MULTIPART_LIMIT` (413) for what the wrap hands to its
 *   `errorHandler`; besides `RING_UNKNOWN_CHARSET` (415), `RING_CONTENT_LENGTH`, `RING_BODY_ABORTED`,
 *   `RING_MULTIPART_FILENAME` for a NUL in a file name, `RING_MULTIPART_HEADERS` (all 400), and what the store or
 *   `progressFn` fails with. The files stored until then are removed.
 * @example
 * const params = await parseMultipartParams(request, { store: byteArrayStore(), maxFileSize: 1_000_000 });
 * @see Source: `ring.middleware.multipart-params/parse-multipart-params`. Differs: limits for what is unlimited there, and
 *   files of a failed upload are removed.
 */
export function parseMultipartParams<V>(
  request: Request,
  options: StoreOptions<V>,
): Awaitable<MultipartParamMap<V> | undefined>;
export function parseMultipartParams(
  request: Request,
  options?: MultipartParamsOptions,
): Awaitable<MultipartParamMap | undefined>;
export function parseMultipartParams(request: Request, options: Options = {}): Awaitable<unknown> {
  if (contentType(request) !== "multipart/form-data") return undefined;
  const { body, parsedBody } = request;
  const isOpen = body !== undefined && body !== null;
  if (!isOpen && parsedBody !== undefined && !isBytes(parsedBody)) return parsedParams(request);
  const reading = new FormReading(request, options.store ?? defaultStore(), options);
  return reading.params(isOpen ? body : isBytes(parsedBody) ? parsedBody : "");
}

/**
 * Adds `multipartParams`, and the same to `params`, over what is there; both are empty maps if there is nothing.
 *
 * @throws as {@link parseMultipartParams}.
 * @example
 * const { multipartParams } = await multipartParamsRequest(request, { maxFileCount: 5 });
 * @see Source: `ring.middleware.multipart-params/multipart-params-request`. Differs: as {@link parseMultipartParams}.
 */
export function multipartParamsRequest<R extends Request & Partial<MultipartParams<never>>, V>(
  request: R,
  options: StoreOptions<V>,
): Awaitable<Omit<R, keyof MultipartParams> & MultipartParams<V>>;
export function multipartParamsRequest<R extends Request & Partial<MultipartParams<never>>>(
  request: R,
  options?: MultipartParamsOptions,
): Awaitable<Omit<R, keyof MultipartParams> & MultipartParams>;
export function multipartParamsRequest(
  request: Request & Partial<MultipartParams<unknown>>,
  options: Options = {},
): Awaitable<unknown> {
  return andThen(parseMultipartParams(request, options as StoreOptions<unknown>), (found) => {
    const multipartParams = mergeParams<unknown>(request.multipartParams, found);
    const params = mergeParams<unknown>(request.params, found);
    // V8 is slow to add keys to a copy, and fast to copy to where they are.
    return "params" in request || "multipartParams" in request
      ? { ...request, multipartParams, params }
      : { multipartParams, params, ...request };
  });
}

/**
 * The answer to an upload that is refused, if there is no `errorHandler`: 413, with a sentence.
 *
 * @example
 * contentTooLargeHandler(request).status; // => 413
 * @see Source: `ring.middleware.multipart-params/content-too-large-handler`.
 */
export function contentTooLargeHandler(_request: RingRequest): RingResponse & { readonly status: number } {
  return {
    status: 413,
    headers: { "Content-Type": "text/plain; charset=UTF-8" },
    body: "Uploaded content exceeded limits.",
  };
}

/** A handler that reads anything but temporary files needs a store that makes it. */
type WrapOptions<V> = TempFile extends V ? [options?: MultipartParamsOptions<V>] : [options: StoreOptions<V>];

const LIMITS = ["maxFileSize", "maxFileCount", "maxFieldsSize", "maxPartCount", "maxPartHeaderSize"] as const;

function checked(options: Options): Options {
  for (const name of LIMITS) {
    const limit = options[name] ?? Infinity;
    if (!(limit >= 0)) throw new InvalidArgumentError(`${name} must be a number from 0, or Infinity, not ${limit}`);
  }
  const { maxFieldsSize = MAX_FIELDS_SIZE, maxPartCount = MAX_PART_COUNT } = options;
  return {
    ...options,
    maxFieldsSize,
    maxPartCount,
    maxPartHeaderSize: options.maxPartHeaderSize ?? MAX_PART_HEADER_SIZE,
  };
}

/**
 * Middleware: hands the handler a request that went through {@link multipartParamsRequest}. An upload that is malformed or
 * beyond a limit, or that the store or `progressFn` refuses with a `MultipartError`, is answered by `errorHandler`.
 *
 * A request that is no multipart form is handed on at once.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if a limit is none.
 * @example
 * const app = wrapMultipartParams((request) => ({ status: 200, body: Object.keys(request.multipartParams).join() }));
 * @see Source: `ring.middleware.multipart-params/wrap-multipart-params`. Differs: as {@link parseMultipartParams}; the error
 *   handler gets the error, too.
 */
export function wrapMultipartParams<R extends RingRequest, V = TempFile>(
  handler: Handler<R & MultipartParams<V>>,
  ...[options = {}]: WrapOptions<V>
): Handler<Omit<R, keyof MultipartParams>> {
  const resolved = checked(options) as StoreOptions<unknown>;
  const errorHandler = options.errorHandler ?? contentTooLargeHandler;
  const inner = handler as Handler<unknown>;
  return tagged("wrapMultipartParams", handler, (request: RingRequest) => {
    const read = multipartParamsRequest(request, resolved);
    if (!isDeferrable(read)) return inner(read);
    // Not `catch`: what the handler throws is not an upload's error.
    return read.then(inner, (error: unknown) => {
      if (error instanceof MultipartError) return errorHandler(request, error);
      throw error;
    });
  });
}
