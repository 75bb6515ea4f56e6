import type { Readable } from "node:stream";
import type { Handler, RingRequest } from "../../ring/types.js";
import { type Source, toSource } from "../../stream/index.js";

/** Gives a handler the bodies of its requests as streams of buffers; an empty one where there is none. */
export function withRawBodies(handler: Handler): Handler {
  return (request) => handler({ ...request, body: buffersOf(request.body as Readable | undefined) });
}

function buffersOf(body: RingRequest["body"] & (Readable | undefined)): Source<Buffer> {
  if (body === undefined) return toSource<Buffer>([]);
  // Destroying Node's message would take the connection with it, and the answer.
  const buffers = body.iterator({ destroyOnReturn: false }) as AsyncGenerator<Buffer, undefined>;
  return toSource<Buffer>({
    next: () => buffers.next(),
    return: async () => {
      const end = await buffers.return(undefined);
      body.resume();
      return end;
    },
  });
}
