/** Requests as tests need them; no logic. */

import type { RingRequest } from "../../src/ring/types.js";

export function request(more: Partial<RingRequest> = {}): RingRequest {
  return {
    serverPort: 80,
    serverName: "localhost",
    remoteAddr: "127.0.0.1",
    uri: "/",
    scheme: "http",
    requestMethod: "get",
    protocol: "HTTP/1.1",
    headers: {},
    ...more,
  };
}

export const form = { "content-type": "application/x-www-form-urlencoded" };
