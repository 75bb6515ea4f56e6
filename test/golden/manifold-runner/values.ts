/** Values: from the programs' notation to live ones, and back. */
import { isDeepStrictEqual } from "node:util";
import { type Deferred, errorDeferred, isDeferred, successDeferred } from "../../../src/deferred/index.js";
import { TimeoutError } from "../../../src/errors/index.js";
import { type Json, RunnerError } from "./program.js";
import type { World } from "./world.js";

/** The errors the programs throw; without a class, an error is of this one. */
export class Failure extends Error {}
class Boom extends Failure {}
class Other extends Failure {}

type FailureClass = new (message: string) => Error;
const failureClasses: Readonly<Record<string, FailureClass>> = { Boom, Other };

export function failure(message: string, className?: string): Error {
  const Class = className === undefined ? Failure : failureClasses[className];
  if (Class === undefined) throw new Other(`No matching clause: ${className}`);
  return new Class(message);
}

/** The class that a `catch` names. */
export function errorClass(name: string): abstract new (...args: never[]) => Error {
  if (name === "Any") return Error;
  return name === "Timeout" ? TimeoutError : (failureClasses[name] ?? Failure);
}

/** A live value for one in an op. */
export function decode(world: World, value: Json): unknown {
  if (Array.isArray(value)) return value.map((item: Json) => decode(world, item));
  if (typeof value !== "object" || value === null) return value;
  const [[kind, content] = ["nothing", null]] = Object.entries(value);
  switch (kind) {
    case "ref":
      return world.reference(content as string);
    case "stream":
      return world.stream(content as string);
    case "wrap":
      return successDeferred(decode(world, content));
    case "wrapErr":
      return errorDeferred(failure(content as string));
    case "val":
    case "seq":
      return decode(world, content);
    default:
      throw new RunnerError(`the runner knows no value of the kind ${kind}`);
  }
}

/** A deferred (or foreign promise) by name, or a value in its place. */
export function input(world: World, source: Json): unknown {
  return typeof source === "string" ? world.reference(source) : decode(world, source);
}

/** A stream by name, or a sequence in its place. */
export function sourceOf(world: World, source: Json): unknown {
  return typeof source === "string" ? world.stream(source) : decode(world, source);
}

/** How a snapshot shows a value. */
export function print(world: World, value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return value === 0 ? 0 : value;
  if (typeof value !== "object") return value as Json;
  if (Array.isArray(value)) return value.map((item) => print(world, item));
  if (isDeferred(value)) return { deferred: stateOf(world, value) };
  if (isError(value)) return { error: value.message };
  if (typeof (value as { description?: unknown }).description === "function") {
    return { stream: nameOf(world.streams, value) ?? "?" };
  }
  for (const [name, external] of world.externals) if (external.promise === value) return { external: name };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, print(world, member)]));
}

/** How a snapshot shows a deferred. */
export function stateOf(world: World, deferred: Deferred<unknown>): Json {
  if (!deferred.isRealized) return "pending";
  let state: Json = null;
  deferred.onRealized(
    (value) => (state = { ok: print(world, value) }),
    (error) => (state = { err: messageOf(world, error) }),
  );
  return state;
}

/** The message of an exception, or the value that was used as an error. */
export function messageOf(world: World, error: unknown): Json {
  return isError(error) ? error.message : print(world, error);
}

// By shape: in jest an error from Node's core is not an instance of the tests' own Error.
function isError(value: unknown): value is Error {
  return typeof value === "object" && value !== null && "message" in value && "stack" in value;
}

export function nameOf(map: ReadonlyMap<string, object>, value: unknown): string | undefined {
  for (const [name, member] of map) if (member === value) return name;
  return undefined;
}

/** The number, or the error that the library's functions throw for everything else. */
export function number(value: unknown): number {
  if (typeof value !== "number") throw failure("not a number");
  return value;
}

/** Equality by value. */
export function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a ?? null, b ?? null);
}
