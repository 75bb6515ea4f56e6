/** A streamed response: its body is a stream, and each message leaves as a chunk of its own. */
import type { Handler } from "express-ring";
import { throttle } from "express-ring/stream";

const sentence = "Every word is sent when it is its turn, and none before the reader has room for it.";

export const words: Handler = () => ({
  status: 200,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: throttle(8, 1, sentence.split(/(?<= )/)),
});
