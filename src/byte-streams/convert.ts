/** Converts any representation of bytes into any other. Source: `clj-commons.byte-streams`. */

import { type Awaitable } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import { type ConversionOptions, convertTo, convertToNow, defineConversion, graph } from "./conversions.js";
import type { ConvertOptions } from "./options.js";
import { isSinkType, sinkDescriptor, type Type, typeDescriptor } from "./types.js";

/**
 * Converts a value, by the cheapest way that there is from its type to the one wanted; ways that need not wait go first.
 *
 * The result is there at once if no step of the way has to wait, else it is a deferred: what comes bit by bit takes its time
 * to become one thing, while a stream of it is there immediately. A value that is of the type already is returned as it is.
 * Nothing is copied that need not be: the result may share its memory with the value. What is opened on the way is closed
 * when the result has been read, or left, or when a step fails.
 *
 * @param x Text, bytes, a file, a stream of any kind, an iterable of any of them, or a deferred or promise of one.
 * @param type A descriptor: one of `types`, `seqOf`, `streamOf`, `vectorOf`, `defType`.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, if there is no way, or `x` is no representation of bytes; or
 *   what a step fails with: in place, or as the deferred's error if the step has to wait.
 * @example
 * await convert(createReadStream("package.json"), types.string);
 * await convert("hé", types.bytes); // => Buffer.from([0x68, 0xc3, 0xa9])
 * @see Source: `clj-commons.byte-streams/convert`.
 */
export function convert<T>(x: unknown, type: Type<T>, options: ConvertOptions = {}): Awaitable<T> {
  return convertTo(type, x, options);
}

/**
 * As {@link convert}, by steps that need not wait only.
 *
 * @throws also {@link AsynchronousConversionError} code `RING_ASYNCHRONOUS_CONVERSION`, if there are only ways that wait.
 * @example
 * convertSync(["a", "b"], types.string); // => "ab"
 */
export function convertSync<T>(x: unknown, type: Type<T>, options: ConvertOptions = {}): T {
  return convertToNow(type, x, options);
}

/**
 * Adds a conversion, or replaces the one between the two types; with it come those of sequences and streams of `from`. All
 * paths are looked for anew.
 *
 * @param convert Gets the value and the options of the conversion. It may answer with a promise or a deferred if `async` says so.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if the cost is not a number from 0.
 * @example
 * class Temperature {
 *   constructor(readonly degrees: number) {}
 * }
 * const temperature = defType("temperature", (x): x is Temperature => x instanceof Temperature);
 * defConversion(temperature, types.string, ({ degrees }) => `${degrees} degrees`);
 * toString([new Temperature(7)]); // => "7 degrees"
 * @see Source: `clj-commons.byte-streams/def-conversion`.
 */
export function defConversion<A, B>(
  from: Type<A>,
  to: Type<B>,
  convert: (x: A, options: ConvertOptions) => B,
  options?: ConversionOptions & { readonly async?: false | undefined },
): void;
export function defConversion<A, B>(
  from: Type<A>,
  to: Type<B>,
  convert: (x: A, options: ConvertOptions) => Awaitable<B>,
  options: ConversionOptions & { readonly async: true },
): void;
export function defConversion<A, B>(
  from: Type<A>,
  to: Type<B>,
  convert: (x: A, options: ConvertOptions) => Awaitable<B>,
  options: ConversionOptions = {},
): void {
  const { cost = 1 } = options;
  if (!(cost >= 0 && cost < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError(`defConversion: cost must be a number from 0, not ${cost}`);
  }
  defineConversion(from, to, convert, options);
}

/**
 * The types that a value, or what a type names, can be converted into.
 *
 * @returns the types, itself among them; none for a value that is no representation of bytes.
 * @example
 * possibleConversions("text").has(types.readable); // => true
 * @see Source: `clj-commons.byte-streams/possible-conversions`. Differs: a set.
 */
export function possibleConversions(x: unknown): ReadonlySet<Type> {
  const from = isType(x) ? x : typeDescriptor(x);
  const found = from === undefined ? [] : [...graph.reach(from).keys()];
  const written = from === undefined || isType(x) ? undefined : sinkDescriptor(x);
  if (written !== undefined && written !== from) found.push(...graph.reach(written).keys());
  return new Set(found);
}

/**
 * The steps of a conversion, each from one type to the next.
 *
 * @returns no steps if the types are the same, null if there is no way.
 * @example
 * const steps = conversionPath(types.file, types.string)?.map(([from, to]) => `${from.name} > ${to.name}`);
 * steps; // => ["file > readable", "readable > string"]
 * @see Source: `clj-commons.byte-streams/conversion-path`. Differs: null is no way.
 */
export function conversionPath(from: Type, to: Type): readonly (readonly [from: Type, to: Type])[] | null {
  return graph.path(from, to)?.edges.map((edge) => [edge.from, edge.to] as const) ?? null;
}

/**
 * What it costs to convert a value, or what a type names: Infinity if there is no way.
 *
 * @example
 * conversionCost("text", types.bytes); // => 2
 * @see Source: `clj-commons.byte-streams/conversion-cost`. Differs: Infinity instead of 9999.
 */
export function conversionCost(x: unknown, to: Type): number {
  const from = isType(x) ? x : isSinkType(to) ? sinkDescriptor(x) : typeDescriptor(x);
  return (from === undefined ? undefined : graph.path(from, to)?.cost) ?? Number.POSITIVE_INFINITY;
}

function isType(x: unknown): x is Type {
  return typeof x === "object" && x !== null && "kind" in x && "supertypes" in x;
}
