import { Readable } from "node:stream";

/** A Node stream of bytes, as a server's request is one; other streams among the chunks are read in their turn. */
export function byteStream(chunks: readonly (Uint8Array | Readable)[]): Readable {
  return Readable.from(bytesOf(chunks), { objectMode: false });
}

async function* bytesOf(chunks: readonly (Uint8Array | Readable)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    if (ArrayBuffer.isView(chunk)) yield chunk as Uint8Array;
    else yield* chunk as AsyncIterable<Uint8Array>;
  }
}
