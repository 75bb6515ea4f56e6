/** Tests of types. They are checked where the tests are compiled (`npm run types`); at run time nothing happens. */

/** Are two types the same, not only assignable to each other? */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * Does not compile unless the type of the value is exactly `Expected`; returns the value.
 *
 * @example
 * expectType<number>()(1 + 1);
 */
export function expectType<Expected>(): <Actual>(
  value: Actual,
  ...mismatch: Equal<Actual, Expected> extends true ? [] : [expected: Expected]
) => Actual {
  return (value, ..._mismatch) => value;
}
