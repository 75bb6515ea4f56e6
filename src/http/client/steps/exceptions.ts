import { Readable } from "node:stream";
import { isReadable, readBytes } from "../../../byte-streams/core.js";
import { type Awaitable, andThen } from "../../../deferred/index.js";
import { isSource, toSource } from "../../../stream/index.js";
import { StatusError } from "../errors.js";
import { isUnexceptionalStatus } from "../response.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";

/** Bytes of an error's body that are kept. */
const MAX_ERROR_BODY = 16_777_216;

/** The response with its body received, so that its connection is free; it can be read as before. */
function received(response: ClientResponse<unknown>, maxBytes: number): Awaitable<ClientResponse<unknown>> {
  const { body } = response;
  if (!isReadable(body) && !isSource(body)) return response;
  return andThen(readBytes(body as Readable, { maxBytes }), (bytes) => {
    const chunks = bytes.length === 0 ? [] : [bytes];
    const again = isReadable(body) ? Readable.from(chunks, { objectMode: false }) : toSource(chunks);
    return { ...response, body: again };
  });
}

function check(response: ClientResponse<unknown>, request: ClientRequest): Awaitable<ClientResponse<unknown>> {
  const isFine = request.unexceptionalStatus ?? isUnexceptionalStatus;
  if (request.throwExceptions === false || isFine(response.status)) return response;
  return andThen(received(response, request.maxBytes ?? MAX_ERROR_BODY), (response) => {
    throw new StatusError(response);
  });
}

/**
 * Client middleware: an error status is a `StatusError`, unless `throwExceptions` is false; its body is received first.
 *
 * @example
 * const response = await http.get(upstream, { throwExceptions: false });
 * if (http.isMissing(response)) console.log("there is none");
 * @see Source: `aleph.http.client-middleware/wrap-exceptions`.
 */
export function wrapExceptions(client: Client): Client {
  return (request) => andThen(client(request), (response) => check(response, request));
}
