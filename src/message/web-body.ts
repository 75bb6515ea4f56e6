import { utf8 } from "../byte-streams/charset.js";
import { type Awaitable, deferred } from "../deferred/index.js";
import { NotConvertibleError } from "../errors/index.js";
import { bytesOf, chunksOf } from "./body.js";
import { type ChunkSource, END, LATER } from "./chunk-source.js";
import { closeQuietly } from "./pump.js";
import { chunkBytes, textPieces } from "./text.js";

/**
 * A body of a map as fetch takes it: bytes, or a web stream that asks for a chunk when it is read. Cancelling the stream
 * closes the body; a request of Node's is read to its end instead, as its connection goes on.
 *
 * @param exchange With the request of Node's that the body may be.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, if it is no body.
 */
export function webBody(body: object | string, exchange: { readonly req?: unknown }): Uint8Array | ReadableStream {
  const bytes = typeof body === "string" ? utf8.encode(body) : bytesOf(body);
  if (bytes !== undefined) return bytes;
  if (isWebStream(body as object)) return body as ReadableStream;
  const source = chunksOf(body as object, exchange);
  if (source === undefined) throw new NotConvertibleError(body, "a body of fetch");
  return webStream(source);
}

function isWebStream(body: object): boolean {
  return "getReader" in body && typeof body.getReader === "function";
}

function webStream(source: ChunkSource): ReadableStream<Uint8Array> {
  const text = textPieces(utf8);
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const chunk = await nextOf(source);
          const found = chunk === END ? text.end() : chunkBytes(chunk, text, source.isText);
          if (found.length > 0) controller.enqueue(typeof found === "string" ? encoder.encode(found) : found);
          if (chunk === END) controller.close();
          // An empty chunk would be none, and nobody would ask again.
          else if (found.length === 0) await this.pull?.(controller);
        } catch (error) {
          closeQuietly(source, error);
          throw error;
        }
      },
      cancel: (reason) => closeQuietly(source, reason),
    },
    { highWaterMark: 0 },
  );
}

function nextOf(source: ChunkSource): Awaitable<unknown> {
  const later = deferred();
  const chunk = source.next({
    onSuccess: (found) => void later.success(found),
    onError: (error) => void later.error(error),
  });
  return chunk === LATER ? later : chunk;
}
