/** Time: units, timers and clocks. Source: `manifold.time`. */

export {
  type Cancel,
  type Clock,
  type ClockOptions,
  type MockClock,
  mockClock,
  systemClock,
  withClock,
} from "../clock/index.js";
export { at, every, inMilliseconds, inMilliseconds as in } from "./timers.js";
export {
  add,
  days,
  floor,
  formatDuration,
  hours,
  hz,
  microseconds,
  milliseconds,
  minutes,
  nanoseconds,
  seconds,
  type TimeUnit,
} from "./units.js";
