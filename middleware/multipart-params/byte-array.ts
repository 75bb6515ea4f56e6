/** Uploads in memory. Source: `ring.middleware.multipart-params.byte-array`. */

import { checkMaxBytes, Gathered, toBuffer } from "../../src/byte-streams/core.js";
import { MultipartLimitError, type Upload, type UploadStore } from "../../src/multipart/index.js";

/** A file in memory. */
export interface FileBytes {
  readonly filename: string;
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
}

/** How much of an upload is kept in memory. */
export interface ByteArrayStoreOptions {
  /** All files of a request together, in bytes; Infinity is no limit. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number | undefined;
}

/** The default of `maxBytes`. */
const MAX_BYTES = 67_108_864;

/**
 * A store that keeps uploads in memory.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if `maxBytes` is no limit. An upload beyond it is refused
 *   with `RING_MULTIPART_LIMIT`, status 413.
 * @example
 * const app = wrapMultipartParams(handler, { store: byteArrayStore() });
 * @see Source: `ring.middleware.multipart-params.byte-array/byte-array-store`. Differs: a limit.
 */
export function byteArrayStore(options: ByteArrayStoreOptions = {}): UploadStore<FileBytes> {
  const maxBytes = checkMaxBytes(options.maxBytes ?? MAX_BYTES);
  const totals = new WeakMap<object, number>();
  return async ({ filename, contentType, read }: Upload, request: object): Promise<FileBytes> => {
    const file = new Gathered();
    let total = totals.get(request) ?? 0;
    // oxlint-disable-next-line no-await-in-loop -- one chunk after the other
    for (let chunk = await read(); chunk !== undefined; chunk = await read()) {
      total += chunk.length;
      if (total > maxBytes) {
        throw new MultipartLimitError("the files of a request are larger", "maxBytes", maxBytes, "bytes");
      }
      file.add(toBuffer(chunk));
    }
    totals.set(request, total);
    return { filename, contentType, bytes: file.copy() };
  };
}
