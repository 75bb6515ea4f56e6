/** Maps whose keys come from clients: no prototype, so that `constructor` and `__proto__` are names like any other. */

/** A parameter: a string, several of one name, or, from nested names, a map. */
export type ParamValue = string | readonly ParamValue[] | ParamMap;

/** Parameters by name; without a prototype. */
export interface ParamMap {
  readonly [name: string]: ParamValue;
}

/** Parameters as a query string has them. */
export interface FlatParamMap {
  readonly [name: string]: string | readonly string[];
}

/** A map to fill. */
export function emptyMap<V = never>(): Record<string, V> {
  return Object.create(null) as Record<string, V>;
}

/** Adds a value to a map that is being filled: what has the same name already becomes, or is, an array. */
export function addParam<V>(map: Record<string, V | V[]>, name: string, value: V): void {
  const present = map[name];
  if (present === undefined) map[name] = value;
  else if (Array.isArray(present)) present.push(value);
  else map[name] = [present, value];
}

/** The maps one over the other, later ones on top; one that adds nothing to another is not copied. */
export function mergeParams<V>(...maps: (Readonly<Record<string, V>> | null | undefined)[]): Record<string, V> {
  const filled = maps.filter((map): map is Record<string, V> => map !== null && map !== undefined && !isEmpty(map));
  const [only, second] = filled;
  if (only !== undefined && second === undefined && Object.getPrototypeOf(only) === null) return only;
  return Object.assign(emptyMap<V>(), ...filled) as Record<string, V>;
}

function isEmpty(map: object): boolean {
  for (const _ in map) return false;
  return true;
}
