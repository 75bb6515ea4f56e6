/** Lets go of a body that nobody will read. */

import type { Readable } from "node:stream";
import type { Source } from "../stream/index.js";

const ignore = (): void => {};

/**
 * Closes what can be closed of a body: a Node stream is destroyed, a web stream cancelled, a stream of the kit closed, an
 * iterator told to return. Everything else has nothing open. What goes wrong on the way is nobody's concern any more.
 */
export function closeBody(body: unknown): void {
  if (body === null || typeof body !== "object") return;
  try {
    if (isReadable(body)) {
      // A file that is only now being opened may still fail, with nobody left to tell.
      body.on("error", ignore);
      body.destroy();
      return;
    }
    const { cancel, close, return: end } = body as Partial<Record<"cancel" | "close" | "return", () => unknown>>;
    const ended =
      typeof end === "function" ? end.call(body) : (typeof cancel === "function" ? cancel : close)?.call(body);
    (ended as PromiseLike<unknown> | undefined)?.then?.(ignore, ignore);
  } catch {
    // As above.
  }
}

/** Closes a source whose messages nobody will take any more, so that those who put them know. */
export function closeSource(source: Source<unknown>): void {
  source.close();
  // Puts that wait when a stream is closed stay until they are taken, and nobody else takes them.
  const { pendingPuts = 0, bufferSize = 0 } = source.description();
  for (let left = pendingPuts + bufferSize; left > 0; left--) source.take(undefined);
}

/** A Node stream that can be read, whoever's class it is. */
export function isReadable(body: unknown): body is Readable {
  const candidate = body as Partial<Readable> | null | undefined;
  return typeof candidate?.pipe === "function" && typeof candidate.on === "function";
}

/** Is it the body of a request that a server got, which shares its socket with the answer? */
export function isServerRequest(body: unknown): body is Readable {
  if (!isReadable(body)) return false;
  const { socket, statusCode } = body as { socket?: object | null; statusCode?: unknown };
  return socket !== undefined && socket !== null && typeof statusCode !== "number";
}

/**
 * Lets go of a body that was not read to its end. A request that a server got shares its socket with the answer, so
 * destroying it would keep the client from learning what is wrong: the rest of it is read and thrown away instead, for
 * as long as the server's `requestTimeout` lets it.
 */
export function abandon(body: object): void {
  if (isServerRequest(body)) {
    body.on("error", ignore);
    body.resume();
  } else {
    closeBody(body);
  }
}
