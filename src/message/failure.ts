import { STATUS_CODES } from "node:http";
import { logError, RingError } from "../errors/index.js";
import type { RingResponse } from "../ring/types.js";

/**
 * The answer to a request that failed, where nobody else has one: the status of an error of the kit's, else 500. What the
 * client can do something about is told with its message; the rest is logged, and the client hears no more than its name.
 */
export function failureResponse(error: unknown, route: string): RingResponse {
  const status = statusOf(error);
  const isClientsFault = status < 500;
  if (!isClientsFault) logError(error, `${route} failed`);
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: isClientsFault ? (error as Error).message : STATUS_CODES[status],
  };
}

function statusOf(error: unknown): number {
  if (!(error instanceof RingError) || error.isOfPeer) return 500;
  const { status } = error;
  return status !== undefined && status >= 400 && status in STATUS_CODES ? status : 500;
}
