/** Responses: how they are made and let go. */

import { closeBody } from "../../byte-streams/core.js";
import type { ClientResponse } from "./types.js";

function close(this: ClientResponse<unknown>): void {
  closeBody(this.body);
}

async function dispose(this: ClientResponse<unknown>): Promise<void> {
  closeBody(this.body);
}

/** Adds what every response can do; it survives a spread. */
export function makeResponse<B>(
  facts: Omit<ClientResponse<B>, "close" | typeof Symbol.asyncDispose>,
): ClientResponse<B> {
  return Object.assign(facts, { close, [Symbol.asyncDispose]: dispose });
}

/** Is it a status of success? @see Source: `clj-http.client/success?`. */
export function isSuccess({ status }: { readonly status: number }): boolean {
  return status >= 200 && status < 300;
}

/** Is there nothing: 404? @see Source: `clj-http.client/missing?`. */
export function isMissing({ status }: { readonly status: number }): boolean {
  return status === 404;
}

/** Is it 409? @see Source: `clj-http.client/conflict?`. */
export function isConflict({ status }: { readonly status: number }): boolean {
  return status === 409;
}

/** Does it point elsewhere: 3xx? @see Source: `clj-http.client/redirect?`. */
export function isRedirect({ status }: { readonly status: number }): boolean {
  return status >= 300 && status < 400;
}

/** Does it blame the client: 4xx? @see Source: `clj-http.client/client-error?`. */
export function isClientError({ status }: { readonly status: number }): boolean {
  return status >= 400 && status < 500;
}

/** Does it blame the server: 5xx? @see Source: `clj-http.client/server-error?`. */
export function isServerError({ status }: { readonly status: number }): boolean {
  return status >= 500 && status < 600;
}

/** Is it a status that is no error: 200-207, 300-304, 307, 308? @see Source: `clj-http.client/unexceptional-status?`. */
export function isUnexceptionalStatus(status: number): boolean {
  return (status >= 200 && status <= 207) || (status >= 300 && status <= 304) || status === 307 || status === 308;
}
