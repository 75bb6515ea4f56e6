import { InvalidArgumentError } from "./index.js";

/** The names of all options of a kind; the compiler holds the list to the interface. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true };

/**
 * Refuses what is no option: a name that is misspelt would be ignored, and nobody would notice.
 *
 * @param remedies What to do in place of options that there are elsewhere, by name.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`
 */
export function checkOptionNames(
  who: string,
  options: object,
  names: Readonly<Record<string, true>> | readonly string[],
  remedies: Readonly<Record<string, string>> = {},
): void {
  const known = Array.isArray(names) ? (names as readonly string[]) : Object.keys(names);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const remedy = Object.hasOwn(remedies, name) ? remedies[name] : `there are ${known.join(", ")}`;
    throw new InvalidArgumentError(`${who} has no option ${JSON.stringify(name)}: ${remedy}`);
  }
}

/** @throws {InvalidArgumentError} unless it is a whole number above 0 */
export function checkCount(who: string, name: string, value: number, unit: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError(`${who}: ${name} must be a whole number of ${unit} above 0, not ${value}`);
}

/** @throws {InvalidArgumentError} unless it is above 0 */
export function checkMilliseconds(who: string, name: string, value: number): number {
  if (value > 0) return value;
  throw new InvalidArgumentError(`${who}: ${name} must be above 0 milliseconds, not ${value}`);
}

/** @throws {InvalidArgumentError} unless it is one of these */
export function checkChoice<Choice extends string>(
  who: string,
  name: string,
  value: Choice,
  choices: readonly Choice[],
): Choice {
  if (choices.includes(value)) return value;
  throw new InvalidArgumentError(`${who}: ${name} must be one of ${choices.join(", ")}, not ${value}`);
}
