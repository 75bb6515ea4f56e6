import { type Awaitable, type Deferred, deferred, isDeferrable, success, toDeferred } from "../../deferred/index.js";
import { exchangeBehind } from "../../message/index.js";
import type { Handler, RingRequest, RingResponse } from "../../ring/types.js";
import type { Limits } from "./options.js";

type Answer = RingResponse | null | undefined;

const unavailable: Handler = () => ({
  status: 503,
  headers: { "content-type": "text/plain" },
  body: "Service Unavailable",
});

/**
 * Lets only so many requests be with their handler at a time: from the call to the answer, however long its body goes on
 * afterwards. Of the others some wait in order, the rest are refused. Who leaves while waiting gives up the place.
 */
export function limited(handler: Handler, options: Limits, rejected: Handler = unavailable): Handler {
  const { maxConcurrent, maxQueue } = options;
  const waiting = new Set<() => void>();
  let running = 0;
  let isCalling = false;

  const callNext = (): void => {
    // A handler that answers at once comes back here; a loop, so that the stack does not grow with the queue.
    if (isCalling) return;
    isCalling = true;
    for (const next of waiting) {
      if (running >= maxConcurrent) break;
      waiting.delete(next);
      next();
    }
    isCalling = false;
  };

  const release = (): void => {
    running--;
    callNext();
  };

  const run = (request: RingRequest): Awaitable<Answer> => {
    running++;
    let isLater = false;
    try {
      const answer = handler(request);
      if (!isDeferrable(answer)) return answer;
      isLater = true;
      return (toDeferred(answer) as Deferred<Answer>).onRealized(release, release);
    } finally {
      if (!isLater) release();
    }
  };

  const wait = (request: RingRequest): Awaitable<Answer> => {
    const answer = deferred<Answer>();
    const next = (): void => {
      forget?.();
      try {
        success(answer, run(request) as Answer);
      } catch (error) {
        answer.error(error);
      }
    };
    waiting.add(next);
    const forget = exchangeBehind(request)?.onGone(() => waiting.delete(next));
    return answer;
  };

  return (request) => {
    if (running < maxConcurrent) return run(request);
    return waiting.size < maxQueue ? wait(request) : rejected(request);
  };
}
