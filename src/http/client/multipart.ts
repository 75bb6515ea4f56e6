/** Forms with files, written part by part as they are sent. Source: `aleph.http.multipart`. */

import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { type Charset, charset, closeBody, fileRegion } from "../../byte-streams/core.js";
import { InvalidArgumentError } from "../../errors/index.js";
import { extMimeType } from "../../ring/mime-type.js";
import { bytesOf, fileOf, isBlob, readableOf } from "./payload.js";
import type { ClientBody } from "./types.js";

/** A part of a form. */
export interface Part {
  /** Name of the field. @default `name`, else the file name */
  readonly partName?: string | undefined;
  /** Name of the field, without `partName`. */
  readonly name?: string | undefined;
  /** Streams are sent as they come, with `length` if it is known. */
  readonly content: Exclude<ClientBody, FormData | null | undefined>;
  /** @default a file's own name; of other uploads a random one */
  readonly fileName?: string | undefined;
  /** Makes it an upload. @default of files by their extension, else "application/octet-stream" */
  readonly mimeType?: string | undefined;
  /** Charset of text; named in the part's content type. @default "UTF-8" of fields, none of uploads */
  readonly charset?: string | undefined;
  /** @default none, which is binary without saying so */
  readonly transferEncoding?: "binary" | "base64" | null | undefined;
  /** Bytes of a stream. */
  readonly length?: number | undefined;
}

/** A form that is ready to be sent. */
export interface EncodedMultipart {
  /** Bytes if all parts are bytes, so that it can be sent again. */
  readonly body: Uint8Array | Readable;
  readonly length: number | undefined;
  readonly contentType: string;
}

interface Piece {
  readonly head: Buffer;
  /** Opened when it is its turn. */
  readonly content: Uint8Array | (() => Readable);
  readonly length: number | undefined;
  readonly source: unknown;
}

const LINE_END = Buffer.from("\r\n");

/**
 * Writes parts as a multipart body: files and streams are read when it is their turn, not before.
 *
 * @param subtype @default "form-data"
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a part without name or content, or an encoding that is
 *   not known; what looking at a file throws. As a rejection.
 */
export async function encodeMultipart(
  parts: readonly Part[] | FormData,
  subtype = "form-data",
  boundary: string = randomUUID(),
): Promise<EncodedMultipart> {
  const list = Array.isArray(parts) ? (parts as readonly Part[]) : partsOf(parts as FormData);
  const pieces = await Promise.all(list.map((part) => pieceOf(part, subtype, boundary)));
  const end = Buffer.from(`--${boundary}--\r\n`);
  let length: number | undefined = end.length;
  for (const piece of pieces) {
    length =
      length === undefined || piece.length === undefined
        ? undefined
        : length + piece.head.length + piece.length + LINE_END.length;
  }
  return { body: bodyOf(pieces, end), length, contentType: `multipart/${subtype}; boundary=${boundary}` };
}

function partsOf(form: FormData): Part[] {
  return [...form].map(([name, value]) =>
    typeof value === "string"
      ? { partName: name, content: value }
      : {
          partName: name,
          content: value,
          fileName: value.name,
          mimeType: value.type === "" ? "application/octet-stream" : value.type,
        },
  );
}

function bodyOf(pieces: readonly Piece[], end: Buffer): Uint8Array | Readable {
  const chunks = pieces.flatMap(({ head, content }) =>
    typeof content === "function" ? [] : [head, content, LINE_END],
  );
  if (chunks.length === pieces.length * 3) return Buffer.concat([...chunks, end]);
  return Readable.from(written(pieces, end), { objectMode: false });
}

async function* written(pieces: readonly Piece[], end: Buffer): AsyncGenerator<Uint8Array> {
  let begun = 0;
  try {
    for (const { head, content, length } of pieces) {
      begun++;
      yield head;
      if (typeof content === "function") {
        let left = length;
        for await (const chunk of content()) {
          const bytes = typeof chunk === "string" ? Buffer.from(chunk) : (chunk as Uint8Array);
          if (left !== undefined) left -= bytes.length;
          yield bytes;
        }
        if (left !== undefined && left !== 0) {
          throw new InvalidArgumentError(
            `a part has ${Math.abs(left)} bytes ${left > 0 ? "less" : "more"} than its length says`,
          );
        }
      } else yield content;
      yield LINE_END;
    }
    yield end;
  } finally {
    // Those whose turn has not come: nobody will read them now.
    for (const { source } of pieces.slice(begun)) closeBody(source);
  }
}

async function pieceOf(part: Part, subtype: string, boundary: string): Promise<Piece> {
  if (typeof part !== "object" || part === null) throw new InvalidArgumentError("a part of a form must be a map");
  const { content, transferEncoding = null, length } = part;
  if (content === undefined || content === null) throw new InvalidArgumentError("a part of a form needs content");
  if (transferEncoding !== null && transferEncoding !== "binary" && transferEncoding !== "base64") {
    throw new InvalidArgumentError(`transferEncoding is "binary" or "base64", not ${JSON.stringify(transferEncoding)}`);
  }
  if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0)) {
    throw new InvalidArgumentError("length of a part must be a whole number of bytes from 0");
  }
  const file = typeof content === "object" ? fileOf(content) : undefined;
  const upload = uploadOf(part, file?.path);
  const name = part.partName ?? part.name ?? upload?.fileName;
  if (name === undefined) throw new InvalidArgumentError("a part of a form needs a partName");
  const named = charset(part.charset ?? "UTF-8");
  const { bytes, open, length: size } = await contentOf(part, named);
  const head = [
    `--${boundary}`,
    `content-disposition: ${subtype === "form-data" ? "form-data" : "attachment"}; name="${escaped(name)}"${upload === undefined ? "" : `; filename="${escaped(upload.fileName)}"`}`,
    `content-type: ${upload === undefined ? `text/plain; charset=${part.charset ?? "UTF-8"}` : `${upload.mimeType}${part.charset === undefined ? "" : `; charset=${part.charset}`}`}`,
    ...(transferEncoding === null ? [] : [`content-transfer-encoding: ${transferEncoding}`]),
    "\r\n",
  ].join("\r\n");
  return { head: Buffer.from(head), content: bytes ?? open, length: size, source: content };
}

interface Upload {
  readonly fileName: string;
  readonly mimeType: string;
}

/** How a part is sent as a file; undefined if it is a field. */
function uploadOf({ content, fileName, mimeType }: Part, path: string | undefined): Upload | undefined {
  const { name: ownName, type } = content as Partial<File>;
  const isFile = path !== undefined || (typeof content === "object" && isBlob(content));
  const isStream = typeof content === "object" && !isFile && bytesOf(content) === undefined;
  if (!isFile && !isStream && fileName === undefined && mimeType === undefined) return undefined;
  const name = fileName ?? (path === undefined ? ownName : basename(path)) ?? randomUUID();
  const guessed = path === undefined ? type || undefined : extMimeType(name);
  return { fileName: name, mimeType: checked(mimeType ?? guessed ?? "application/octet-stream") };
}

function checked(mimeType: string): string {
  if (/[\r\n]/.test(mimeType)) throw new InvalidArgumentError("mimeType of a part must be one line");
  return mimeType;
}

/** As browsers write names: quotes and line ends escaped, the rest as UTF-8. */
function escaped(name: string): string {
  return name.replace(/\r/g, "%0D").replace(/\n/g, "%0A").replace(/"/g, "%22");
}

interface Content {
  readonly bytes: Uint8Array | undefined;
  readonly open: () => Readable;
  readonly length: number | undefined;
}

async function contentOf(part: Part, named: Charset): Promise<Content> {
  const { content, transferEncoding } = part;
  const plain = typeof content === "string" ? named.encode(content) : bytesOf(content);
  if (plain !== undefined) {
    const bytes = transferEncoding === "base64" ? Buffer.from(Buffer.from(plain).toString("base64")) : plain;
    return { bytes, open: () => Readable.from([]), length: bytes.length };
  }
  if (transferEncoding === "base64") {
    throw new InvalidArgumentError(
      "transferEncoding base64 is for strings and bytes; send files and streams as they are",
    );
  }
  if (typeof content !== "object") throw new InvalidArgumentError("the content of a part cannot be sent");
  const file = fileOf(content);
  if (file !== undefined) {
    const { path } = file;
    const { offset, length, chunkSize } = await fileRegion(file);
    if (length === 0) return { bytes: Buffer.alloc(0), open: () => Readable.from([]), length: 0 };
    const region = { start: offset, end: offset + length - 1, highWaterMark: chunkSize };
    return { bytes: undefined, open: () => createReadStream(path, region), length };
  }
  if (isBlob(content)) {
    return { bytes: undefined, open: () => Readable.fromWeb(content.stream() as ReadableStream), length: content.size };
  }
  const readable = readableOf(content);
  return { bytes: undefined, open: () => readable, length: part.length };
}
