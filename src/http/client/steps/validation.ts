import { describe, InvalidArgumentError } from "../../../errors/index.js";
import type { Client, ClientRequest, RequestOptions } from "../types.js";

interface Kind {
  readonly wanted: string;
  readonly isOne: (value: unknown) => boolean;
}

const isType =
  (type: string) =>
  (value: unknown): boolean =>
    typeof value === type;
const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const TEXT: Kind = { wanted: "a string", isOne: isType("string") };
const FLAG: Kind = { wanted: "a boolean", isOne: isType("boolean") };
const CALLED: Kind = { wanted: "a function", isOne: isType("function") };
const COUNT: Kind = { wanted: "a whole number from 0", isOne: isWhole };
const PORT: Kind = {
  wanted: "a whole number to 65535",
  isOne: (value) => isWhole(value) && (value as number) < 65_536,
};
const TIME: Kind = {
  wanted: "a number of milliseconds from 0",
  isOne: (value) => typeof value === "number" && value >= 0,
};
const SIZE: Kind = { ...TIME, wanted: "a number of bytes from 0" };
const PAIR: Kind = {
  wanted: "a list of user and password",
  isOne: (value) => Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === "string"),
};
const BASIC: Kind = {
  wanted: `"user:password", or a list of the two`,
  isOne: (value) => typeof value === "string" || Array.isArray(value),
};
const MAP: Kind = { wanted: "a map", isOne: (value) => typeof value === "object" && !Array.isArray(value) };

/** What an option must be, where that can be said in a word. Those of one's own middleware are its own affair. */
const KINDS: { readonly [K in keyof RequestOptions]?: Kind } = {
  host: TEXT,
  serverName: TEXT,
  port: PORT,
  serverPort: PORT,
  uri: TEXT,
  queryString: TEXT,
  requestMethod: TEXT,
  method: TEXT,
  queryParams: MAP,
  formParams: MAP,
  formParamEncoding: TEXT,
  ignoreNestedQueryString: FLAG,
  flattenNestedFormParams: FLAG,
  headers: MAP,
  contentType: TEXT,
  characterEncoding: TEXT,
  accept: TEXT,
  oauthToken: TEXT,
  basicAuth: BASIC,
  digestAuth: PAIR,
  length: COUNT,
  bodyEncoding: TEXT,
  mimeSubtype: TEXT,
  as: TEXT,
  rawStream: FLAG,
  maxBytes: SIZE,
  decompressBody: FLAG,
  followRedirects: FLAG,
  maxRedirects: COUNT,
  forceRedirects: FLAG,
  keepCredentials: FLAG,
  allowInsecureRedirects: FLAG,
  allowCircularRedirects: FLAG,
  allowRelativeRedirects: FLAG,
  throwExceptions: FLAG,
  unexceptionalStatus: CALLED,
  retryHandler: CALLED,
  requestInterceptor: CALLED,
  responseInterceptor: CALLED,
  onProgress: CALLED,
  saveRequest: FLAG,
  debugBody: FLAG,
  poolTimeout: TIME,
  connectionTimeout: TIME,
  requestTimeout: TIME,
  readTimeout: TIME,
  socketTimeout: TIME,
};
const kinds = new Map<string, Kind>(Object.entries(KINDS));

/**
 * The request as it is. Null is as good as nothing.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that is not what it must be; it is named.
 */
export function validationRequest(request: ClientRequest): ClientRequest {
  for (const name in request) {
    const value = (request as Record<string, unknown>)[name];
    if (value === undefined || value === null) continue;
    const kind = kinds.get(name);
    if (kind === undefined || kind.isOne(value)) continue;
    const given = typeof value === "number" ? String(value) : describe(value);
    throw new InvalidArgumentError(`${name} of a request must be ${kind.wanted}, not ${given}`);
  }
  return request;
}

/**
 * Client middleware: refuses options that are not what they must be. Null is as good as nothing.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that is not what it must be; it is named.
 *
 * @example
 * const client = wrapValidation(http.wrapUrl(http.wire));
 * @see Source: the schema of `aleph.http.schema`.
 */
export function wrapValidation(client: Client): Client {
  return (request) => client(validationRequest(request));
}
