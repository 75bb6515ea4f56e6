/** Who may look: whoever sits at this machine, and no page of somebody else's in their browser. */

import { EXCHANGE } from "../ring/exchange-symbol.js";
import type { RingRequest } from "../ring/types.js";

/** What a proxy on this machine adds, behind which anybody may be. */
const FORWARDED = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via"];

/**
 * Does a request come from this machine itself? The address is the connection's, whatever headers say; the host must be one of
 * this machine's own names, so that no foreign name that leads here (DNS rebinding) lets a foreign page read along.
 */
export function isLocal(request: RingRequest): boolean {
  const { headers } = request;
  return (
    isLoopback(addressOf(request)) &&
    FORWARDED.every((name) => headers[name] === undefined) &&
    isLocalHost(headers["host"]) &&
    headers["sec-fetch-site"] !== "cross-site"
  );
}

function addressOf(request: RingRequest): string {
  const exchange = request[EXCHANGE] as { readonly req?: { readonly socket?: { readonly remoteAddress?: string } } };
  return exchange?.req?.socket?.remoteAddress ?? request.remoteAddr;
}

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\.\d+\.\d+\.\d+$/.test(address) || address === "::1";
}

function isLocalHost(host: string | undefined): boolean {
  return host !== undefined && /^(?:localhost|[\w-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i.test(host);
}
