/**
 * The function, with its last answer remembered: what is asked about requests is often the same for one after the other. It is
 * compared faster than found out.
 */
export function remembering<Argument extends string | undefined, Result>(
  f: (argument: Argument) => Result,
): (argument: Argument) => Result {
  let isThere = false;
  let last: Argument;
  let result: Result;
  return (argument) => {
    if (!isThere || argument !== last) {
      result = f(argument);
      last = argument;
      isThere = true;
    }
    return result;
  };
}
