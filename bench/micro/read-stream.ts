import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { toByteArray, toString } from "express-ring/byte-streams";
import getStream, { getStreamAsBuffer } from "get-stream";

/** A megabyte, in the chunks that files and sockets come in. */
const chunks = Array.from({ length: 16 }, (_none, at) => Buffer.alloc(65_536, `chunk ${at}, as it comes, ünd wider `));

export const operations = 1;

/** Pushes all its chunks when it is first read: it costs little, so that the reading counts. */
function body(): Readable {
  return new Readable({
    read() {
      for (const chunk of chunks) this.push(chunk);
      this.push(null);
    },
  });
}

export async function kitText(): Promise<number> {
  return (await toString(body())).length;
}

export async function consumersText(): Promise<number> {
  return (await text(body())).length;
}

export async function getStreamText(): Promise<number> {
  return (await getStream(body())).length;
}

export async function kitBytes(): Promise<number> {
  return (await toByteArray(body())).length;
}

export async function consumersBytes(): Promise<number> {
  return (await buffer(body())).length;
}

export async function getStreamBytes(): Promise<number> {
  return (await getStreamAsBuffer(body())).length;
}
