/** Parameters whose names are paths: `user[name]`, `tags[]`. Source: `ring.middleware.nested-params`. */

import { InvalidArgumentError, RingError } from "../src/errors/index.js";
import type { ParamMap, ParamValue } from "../src/ring/codec.js";
import { mapToFill } from "../src/ring/param-map.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest } from "../src/ring/types.js";

/** What `wrapNestedParams` makes of `params`; maps without prototype. */
export interface NestedParams {
  readonly params: ParamMap;
}

/** How names of parameters are taken apart. */
export interface NestedParamsOptions {
  /** Splits a name into its keys; "" is the next element of an array. @default {@link parseNestedKeys} */
  readonly keyParser?: ((name: string) => readonly string[]) | null | undefined;
  /** Most keys that one name may have. @default 100 */
  readonly maxDepth?: number | undefined;
}

/** The default of `maxDepth`. */
const MAX_DEPTH = 100;

/** A name has more keys than `maxDepth`. Code `RING_PARAM_DEPTH`, status 400. */
export class ParamDepthError extends RingError {
  constructor(maxDepth: number) {
    super(
      "RING_PARAM_DEPTH",
      `the name of a parameter has more than maxDepth (${maxDepth}) keys; send a flatter one, or raise maxDepth`,
      { status: 400 },
    );
  }
}

/** Two names cannot both be: `a=1` and `a[b][c]=2`. Code `RING_PARAM_CONFLICT`, status 400. */
export class ParamConflictError extends RingError {
  constructor(key: string) {
    super(
      "RING_PARAM_CONFLICT",
      `the parameter ${JSON.stringify(key.slice(0, 100))} is a single value or an array under one name, and a map under another; send one of them`,
      { status: 400 },
    );
  }
}

const OPEN = 91;
const CLOSE = 93;

/**
 * The keys of a name: what stands before the first bracket, then what each pair of brackets holds; a name that does not
 * end in a bracket, or closes one before any is open, is its own only key. Linear in time.
 *
 * @example
 * parseNestedKeys("user[tags][]"); // => ["user", "tags", ""]
 * @see Source: `ring.middleware.nested-params/parse-nested-keys`.
 */
export function parseNestedKeys(name: string): string[] {
  const first = name.indexOf("[");
  if (first === -1 || !name.endsWith("]")) return [name];
  const close = name.indexOf("]");
  if (close < first) return [name];
  const keys = [name.slice(0, first)];
  let open = first;
  for (let at = first + 1; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code === OPEN) {
      open = at;
    } else if (code === CLOSE && open !== -1) {
      keys.push(name.slice(open + 1, at));
      open = -1;
    }
  }
  return keys;
}

type Value = unknown;
type Map = Record<string, Value>;

function isMap(value: Value): value is Map {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Not compared with Object.prototype: a map may come from another realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const isNothing = (value: Value): boolean => value === undefined || value === null || value === false;

/** Builds nested maps; changes those that it made itself, and copies of those that it was given. */
class Nest {
  readonly params: Map = mapToFill();
  readonly #own = new Set<object>([this.params]);

  add(keys: readonly string[], value: Value): void {
    let map = this.params;
    const last = keys.length - 1;
    for (let at = 0; at <= last; at++) {
      const key = keys[at] as string;
      const next = keys[at + 1];
      if (at === last) {
        this.#conj(map, key, value);
      } else if (next === "") {
        // Always a new element; what comes after it goes into a map of its own.
        at++;
        const element = at === last ? value : this.#made();
        if (!Object.hasOwn(map, key)) map[key] = this.#array([]);
        this.#conj(map, key, element);
        map = element as Map;
      } else {
        map = this.#into(map, key, at === last - 1);
      }
    }
  }

  #made(): Map {
    const map = mapToFill<Value>();
    this.#own.add(map);
    return map;
  }

  #array(elements: Value[]): Value[] {
    this.#own.add(elements);
    return elements;
  }

  /** The map under a key; as the last one on the way, it may take the place of what is none. */
  #into(map: Map, key: string, isLast: boolean): Map {
    const present = map[key];
    if (isMap(present) && this.#own.has(present)) return present;
    if (!isMap(present) && !isLast && present !== undefined && present !== null) throw new ParamConflictError(key);
    const inner = this.#made();
    if (isMap(present)) Object.assign(inner, present);
    map[key] = inner;
    return inner;
  }

  #conj(map: Map, key: string, value: Value): void {
    const present = map[key];
    if (isNothing(present)) map[key] = value;
    else if (!Array.isArray(present)) map[key] = this.#array([present, value]);
    else if (this.#own.has(present)) present.push(value);
    else map[key] = this.#array([...(present as Value[]), value]);
  }
}

/** Is it one value, although it is an array? An array of maps or of arrays is. */
const isWhole = (values: readonly Value[]): boolean => typeof values[0] === "object" && values[0] !== null;

/** Would nesting leave these parameters as they are? */
function isFlat(params: Map): boolean {
  if (Object.getPrototypeOf(params) !== null) return false;
  for (const name in params) {
    if (name.includes("[")) return false;
    const value = params[name];
    if (Array.isArray(value) && value.length < 2 && !isWhole(value)) return false;
  }
  return true;
}

/**
 * Rebuilds `params` by the keys in their names; without any it becomes empty. What is flat already stays the same object.
 *
 * Names are taken in their order, and an array of plain values counts as so many pairs: an empty one vanishes, one of one
 * element becomes that element. `a[]` always begins a new element, so `a[][x]` and `a[][y]` are two maps.
 *
 * @throws {ParamDepthError} code `RING_PARAM_DEPTH`, status 400, for a name with more than `maxDepth` keys;
 *   {@link ParamConflictError} code `RING_PARAM_CONFLICT`, status 400, for names that cannot both be.
 * @example
 * nestedParamsRequest({ params: { "user[name]": "Ada", "user[tags][]": ["a", "b"] } }).params;
 * // => { user: { name: "Ada", tags: ["a", "b"] } }
 * @see Source: `ring.middleware.nested-params/nested-params-request`. Differs: a limit of depth.
 */
export function nestedParamsRequest<
  R extends { readonly params?: Readonly<Record<string, unknown>> | null | undefined },
>(request: R, options: NestedParamsOptions = {}): Omit<R, keyof NestedParams> & NestedParams {
  const { keyParser, maxDepth = MAX_DEPTH } = options;
  const params = request.params ?? {};
  const isDefault = keyParser === undefined || keyParser === null;
  if (isDefault && isFlat(params)) return request as unknown as R & NestedParams;
  const keysOf = keyParser ?? parseNestedKeys;
  const nest = new Nest();
  for (const name of Object.keys(params)) {
    const value = params[name];
    const keys = keysOf(name);
    if (keys.length > maxDepth) throw new ParamDepthError(maxDepth);
    if (!Array.isArray(value) || isWhole(value)) nest.add(keys, value);
    else for (const element of value) nest.add(keys, element);
  }
  return { ...request, params: nest.params as Record<string, ParamValue> };
}

/**
 * Middleware: hands the handler a request that went through {@link nestedParamsRequest}. It belongs inside `wrapParams`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if `maxDepth` is no whole number above 0.
 * @example
 * const app = wrapParams(wrapNestedParams(({ params }) => ({ status: 200, body: JSON.stringify(params.user) })));
 * @see Source: `ring.middleware.nested-params/wrap-nested-params`.
 */
export function wrapNestedParams<R extends RingRequest & NestedParams>(
  handler: Handler<R>,
  options: NestedParamsOptions = {},
): Handler<R> {
  const { keyParser, maxDepth = MAX_DEPTH } = options;
  if (!(Number.isSafeInteger(maxDepth) || maxDepth === Infinity) || maxDepth < 1) {
    throw new InvalidArgumentError(`maxDepth must be a whole number of keys from 1, or Infinity, not ${maxDepth}`);
  }
  const resolved: NestedParamsOptions = { keyParser, maxDepth };
  return tagged("wrapNestedParams", handler, (request: R) =>
    handler(nestedParamsRequest(request, resolved) as unknown as R),
  );
}
