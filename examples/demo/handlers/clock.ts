/** Server-sent events: the time, every second, until the browser goes away. */
import type { Handler } from "express-ring";
import { chain } from "express-ring/deferred";
import { sse } from "express-ring/sse";
import { consumeAsync, periodically } from "express-ring/stream";

export const clock: Handler = (request) => {
  const events = sse(request, { retry: 1000 });
  const ticks = periodically(1000, 0, () => new Date().toISOString());
  consumeAsync((data) => events.send({ event: "tick", data }), ticks);
  chain(events.closed, () => ticks.close());
  return events.response;
};
