/** Multipart bodies for tests. Source: `ring.mock.request/multipart-body`. */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { charset, HttpFile, isReadable } from "../byte-streams/core.js";
import { describe, InvalidArgumentError } from "../errors/index.js";
import { extMimeType } from "../ring/mime-type.js";
import type { RequestBody } from "../ring/types.js";
import { contentLength, contentType, type Mockable } from "./request.js";
import { byteStream } from "./stream.js";

/** What a part can hold. */
export type MockPartValue = string | Uint8Array | HttpFile | Readable;

/** A part and what its header says. */
export interface MockPart {
  readonly value: MockPartValue;
  /** @default the file's name; none for other values */
  readonly filename?: string | undefined;
  /** @default "text/plain; charset=UTF-8" for text, by extension for files, else "application/octet-stream" */
  readonly contentType?: string | undefined;
}

type WithMultipart = {
  readonly headers: Readonly<Record<string, string>>;
  readonly contentType: string;
  /** Absent if a part is a stream, whose length nobody knows. */
  readonly contentLength?: number;
  readonly body: RequestBody;
};

const isPart = (value: MockPartValue | MockPart): value is MockPart =>
  typeof value === "object" && value !== null && "value" in value;

/** A part as it is written. */
interface WrittenPart {
  readonly filename: string | undefined;
  readonly type: string;
  readonly bytes: Uint8Array | Readable;
}

const OCTETS = "application/octet-stream";

function readPart(name: string, { value, filename, contentType }: MockPart): WrittenPart {
  if (typeof value === "string") {
    return { filename, type: contentType ?? "text/plain; charset=UTF-8", bytes: Buffer.from(value) };
  }
  if (value instanceof HttpFile) {
    const { path, offset, length } = value;
    const bytes = readFileSync(path).subarray(offset, length === undefined ? undefined : offset + length);
    return { filename: filename ?? basename(path), type: contentType ?? extMimeType(path) ?? OCTETS, bytes };
  }
  if (ArrayBuffer.isView(value) || isReadable(value)) {
    return { filename, type: contentType ?? OCTETS, bytes: value as Uint8Array | Readable };
  }
  throw new InvalidArgumentError(
    `multipartBody: part ${JSON.stringify(name)} is ${describe(value)}; a string, bytes, file(...) or a stream is expected`,
  );
}

/** As browsers do it: RFC 7578 has no other way to write a quote or a line break. */
const ESCAPES: Readonly<Record<string, string>> = { '"': "%22", "\r": "%0D", "\n": "%0A" };
const quoted = (text: string): string => `"${text.replace(/["\r\n]/g, (character) => ESCAPES[character] as string)}"`;

// Names in Latin-1 are written so, as the header then says; all others need UTF-8.
const isLatin1 = (text: string): boolean => /^[\0-\xFF]*$/.test(text);

/**
 * Sets the body to parts of type multipart/form-data; files bring along their names and types.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a part of another kind; what `readFileSync` throws.
 * @example
 * const upload = multipartBody(request("post", "/"), { note: "hello", photo: { value: new Uint8Array(9), filename: "a.png" } });
 * upload.contentType.startsWith("multipart/form-data"); // => true
 * @see Source: `ring.mock.request/multipart-body`. Differs: with a stream among the parts there is no content-length; names
 *   beyond Latin-1 are written in UTF-8 (there as question marks), quotes and line breaks in names as browsers do.
 */
export function multipartBody<R extends Mockable>(
  request: R,
  params: { readonly [name: string]: MockPartValue | MockPart },
): R & WithMultipart {
  const boundary = randomBytes(24).toString("base64url");
  const parts = Object.entries(params).map(([name, value]) => ({
    name,
    ...readPart(name, isPart(value) ? value : { value }),
  }));
  const encoding = parts.every(({ name, filename = "" }) => isLatin1(name + filename)) ? "ISO-8859-1" : "UTF-8";
  const named = charset(encoding);
  const chunks = parts.flatMap(({ name, filename, type, bytes }) => {
    const file = filename === undefined ? "" : `; filename=${quoted(filename)}`;
    const head = `Content-Disposition: form-data; name=${quoted(name)}${file}\r\nContent-Type: ${type}`;
    return [named.encode(`--${boundary}\r\n${head}\r\n\r\n`), bytes, named.encode("\r\n")];
  });
  chunks.push(named.encode(`--${boundary}--\r\n`));
  const media = parts.length === 0 ? "multipart/mixed" : `multipart/form-data; charset=${encoding}`;
  const typed = contentType(request, `${media}; boundary=${boundary}`);
  const length = lengthOf(chunks);
  return { ...(length === undefined ? typed : contentLength(typed, length)), body: byteStream(chunks) };
}

function lengthOf(chunks: readonly (Uint8Array | Readable)[]): number | undefined {
  let length = 0;
  for (const chunk of chunks) {
    if (!ArrayBuffer.isView(chunk)) return undefined;
    length += chunk.byteLength;
  }
  return length;
}
