import type { Clock } from "../../clock/index.js";
import { EventLogUnavailableError } from "../errors.js";

/** What Redis answers within a time. @throws {EventLogUnavailableError} with the complaint, if it has not by then */
export function within<T>(milliseconds: number, clock: Clock, complaint: string, answer: PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // A process that was busy has not read yet what has come in the meantime.
    const cancel = clock.in(milliseconds, () => {
      setImmediate(() => reject(new EventLogUnavailableError(complaint)));
    });
    answer.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error as Error);
      },
    );
  });
}
