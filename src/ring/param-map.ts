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

/** A map that stays empty. */
export function emptyMap(): Record<string, never> {
  return Object.create(null) as Record<string, never>;
}

/** A map to fill; V8 is many times slower to fill what `Object.create(null)` makes with names that are new to it. */
export function mapToFill<V>(): Record<string, V> {
  return Object.setPrototypeOf({}, null) as Record<string, V>;
}

/** Adds a value to a map that is being filled: what has the same name already becomes, or is, an array. */
export function addParam<V>(map: Record<string, V | V[]>, name: string, value: V): void {
  const present = map[name];
  if (present === undefined) map[name] = value;
  else if (Array.isArray(present)) present.push(value);
  else map[name] = [present, value];
}

/** The maps one over the other, later ones on top; one that nothing is laid over or under is not copied. */
export function mergeParams<V>(...maps: (Readonly<Record<string, V>> | null | undefined)[]): Record<string, V> {
  let only: Record<string, V> | undefined;
  let merged: Record<string, V> | undefined;
  for (const map of maps) {
    if (map === null || map === undefined || isEmpty(map)) continue;
    if (only === undefined && merged === undefined && Object.getPrototypeOf(map) === null) {
      only = map;
      continue;
    }
    merged ??= only === undefined ? mapToFill<V>() : copyInto(mapToFill<V>(), only);
    copyInto(merged, map);
  }
  return merged ?? only ?? emptyMap();
}

function isEmpty(map: object): boolean {
  for (const name in map) if (Object.hasOwn(map, name)) return false;
  return true;
}

function copyInto<V>(target: Record<string, V>, map: Readonly<Record<string, V>>): Record<string, V> {
  for (const name in map) if (Object.hasOwn(map, name)) target[name] = map[name] as V;
  return target;
}
