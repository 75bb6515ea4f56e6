/** Parts of a stack whose time is taken. */

import { isDeferrable, toDeferred } from "../deferred/index.js";
import type { PartWatcher } from "../ring/tag.js";
import { recordingOf } from "./recorder.js";

/** The same handler; it tells the recording of its request when it begins, and when it has an answer. */
export const timed: PartWatcher = (name, handler) =>
  function (this: unknown, ...given: readonly unknown[]): unknown {
    const recording = recordingOf(given[0]);
    const part = recording?.enter(name);
    if (recording === undefined || part === undefined) return Reflect.apply(handler, this, given);
    let answer: unknown;
    try {
      answer = Reflect.apply(handler, this, given);
    } catch (error) {
      recording.leave(part, true);
      throw error;
    }
    if (isDeferrable(answer)) {
      toDeferred(answer).onRealized(
        () => recording.leave(part, false),
        () => recording.leave(part, true),
      );
    } else recording.leave(part, false);
    return answer;
  };
