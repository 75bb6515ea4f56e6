/** The kit under test, looked up by name: a program that needs a function which is not exported is told apart from one that fails. */
import { existsSync } from "node:fs";

type Exports = Readonly<Record<string, unknown>>;
// What is looked up by name has no type that the runner could know.
type Untyped = (...args: unknown[]) => unknown;

const entryPoints: Readonly<Record<string, Exports>> = {
  deferred: await load("deferred"),
  stream: await load("stream"),
  time: await load("time"),
  bus: await load("bus"),
  transducers: await load("transducers"),
};

async function load(folder: string): Promise<Exports> {
  const path = `../../../src/${folder}/index`;
  return existsSync(new URL(`${path}.ts`, import.meta.url)) ? ((await import(`${path}.js`)) as Exports) : {};
}

/** A program used a function that no entry point exports. */
export class MissingFunction extends Error {}

/** The function `name` of an entry point. */
export function kit(entryPoint: keyof typeof entryPoints, name: string): Untyped {
  const found = entryPoints[entryPoint]?.[name];
  if (typeof found !== "function") throw new MissingFunction(`${entryPoint}.${name}`);
  return found as Untyped;
}

/** A function of the stream entry point: most ops are one. */
export function stream(name: string, ...args: unknown[]): unknown {
  return kit("stream", name)(...args);
}
