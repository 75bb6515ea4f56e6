/** The injectable timer under deferreds and streams. Source: `manifold.time`'s clocks. */
export type { Cancel, Clock, ClockOptions } from "./clock.js";
export { currentClock, withClock } from "./current.js";
export { type MockClock, mockClock } from "./mock.js";
export { systemClock } from "./system.js";
