/** The kit under test, looked up by name, as the programs name its functions. */
import * as bus from "../../../src/bus/index.js";
import * as streams from "../../../src/stream/index.js";
import * as time from "../../../src/time/index.js";
import * as transducers from "../../../src/transducers/index.js";
import { RunnerError } from "./program.js";

// What is looked up by name has no type that the runner could know.
type Untyped = (...args: unknown[]) => unknown;

const entryPoints: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  bus,
  stream: streams,
  time,
  transducers,
};

/** The function `name` of an entry point. */
export function kit(entryPoint: "bus" | "stream" | "time" | "transducers", name: string): Untyped {
  const found = entryPoints[entryPoint]?.[name];
  if (typeof found !== "function") throw new RunnerError(`express-ring/${entryPoint} exports no function ${name}`);
  return found as Untyped;
}

/** A function of the stream entry point: most ops are one. */
export function stream(name: string, ...args: unknown[]): unknown {
  return kit("stream", name)(...args);
}
