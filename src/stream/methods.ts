/** Foreign things are known by their methods, not by their class: there may be several copies of it. */

/** Is `x` an object or function with these methods? */
export function hasMethods<T>(x: unknown, ...methods: (keyof T & string)[]): x is T {
  if (x === null || (typeof x !== "object" && typeof x !== "function")) return false;
  return methods.every((method) => typeof (x as Readonly<Record<string, unknown>>)[method] === "function");
}
