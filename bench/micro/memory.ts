import { ReadableStream } from "node:stream/web";
import { deferred } from "express-ring/deferred";
import { stream } from "express-ring/stream";
import pDefer from "p-defer";

export function pendingDeferred(): unknown {
  return deferred();
}

export function pendingPromise(): unknown {
  return pDefer();
}

export function idleStream(): unknown {
  return stream();
}

export function idleWebStream(): unknown {
  return new ReadableStream();
}
