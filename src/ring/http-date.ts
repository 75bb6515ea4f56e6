/** Dates as HTTP writes them. Source: `ring.util.time`. */

import { InvalidArgumentError } from "../errors/index.js";

/**
 * Writes a date in the form of RFC 1123, in GMT; milliseconds are cut off.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if the date is none.
 * @example
 * formatDate(new Date(784111777000)); // => "Sun, 06 Nov 1994 08:49:37 GMT"
 * @see Source: `ring.util.time/format-date`.
 */
export function formatDate(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError("formatDate: an invalid Date has no text");
  return date.toUTCString();
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const HOURS_WEST: Readonly<Record<string, number>> = {
  gmt: 0,
  utc: 0,
  est: 5,
  edt: 4,
  cst: 6,
  cdt: 5,
  mst: 7,
  mdt: 6,
  pst: 8,
  pdt: 7, // biome-ignore format: a table
};

const DAY_NAME = "(?:sun|mon|tues|wednes|thurs|fri|satur)day|sun|mon|tue|wed|thu|fri|sat";
const MONTH_NAME =
  "(?<month>january|february|march|april|may|june|july|august|september|october|november|december|" +
  `${MONTHS.join("|")})`;
const number = (name: string): string => `[ \\t]*(?<${name}>-?\\d+)`;
const TIME = `${number("hours")}:${number("minutes")}:${number("seconds")}`;
const ZONE =
  "[ \\t]*(?:(?<sign>[+-])(?<zoneHours>[01]\\d|2[0-3])(?<zoneMinutes>[0-5]\\d)|" +
  "gmt(?<gmtSign>[+-])(?<gmtHours>[01]?\\d|2[0-3]):(?<gmtMinutes>[0-5]\\d)|" +
  `(?<zone>${Object.keys(HOURS_WEST).join("|")})(?![+-]))`;

const RFC_1123 = new RegExp(`^(?:${DAY_NAME}), ${number("day")} ${MONTH_NAME} ${number("year")} ${TIME} ${ZONE}`, "i");
const RFC_1036 = new RegExp(`^(?:${DAY_NAME}), ${number("day")}-${MONTH_NAME}-${number("year")} ${TIME} ${ZONE}`, "i");
const ASCTIME = new RegExp(`^(?:${DAY_NAME}) ${MONTH_NAME} ${number("day")} ${TIME} ${number("year")}`, "i");

type Parts = Readonly<Record<string, string | undefined>>;

function offsetOf(parts: Parts): number {
  const { zone, sign, gmtSign } = parts;
  if (zone !== undefined) return -(HOURS_WEST[zone.toLowerCase()] ?? 0) * 60;
  const minutes =
    sign === undefined
      ? minutesOf(parts["gmtHours"], parts["gmtMinutes"])
      : minutesOf(parts["zoneHours"], parts["zoneMinutes"]);
  return (sign ?? gmtSign) === "-" ? -minutes : minutes;
}

const minutesOf = (hours = "0", minutes = "0"): number => Number(hours) * 60 + Number(minutes);

function dateOf(parts: Parts, year: number): Date | undefined {
  const month = MONTHS.indexOf((parts["month"] ?? "").slice(0, 3).toLowerCase());
  // Date.UTC takes the years 0 to 99 for those of the twentieth century.
  const date = new Date(0);
  date.setUTCFullYear(year, month, Number(parts["day"]));
  date.setUTCHours(Number(parts["hours"]), Number(parts["minutes"]) - offsetOf(parts), Number(parts["seconds"]));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Two digits mean the year within 80 years before and 20 years after now. */
function shortYear(parts: Parts): Date | undefined {
  const digits = parts["year"] ?? "";
  if (!/^\d\d$/.test(digits)) return dateOf(parts, Number(digits));
  const start = new Date();
  start.setUTCFullYear(start.getUTCFullYear() - 80);
  const year = Math.floor(start.getUTCFullYear() / 100) * 100 + Number(digits);
  const date = dateOf(parts, year);
  return date === undefined || date >= start ? date : dateOf(parts, year + 100);
}

/**
 * Reads a date in one of the three forms of HTTP: RFC 1123, RFC 1036 and asctime; undefined if it is in none of them.
 *
 * Lenient: names in any case, short or long, a weekday that does not fit, numbers out of range (they roll over), numeric
 * and American zones, text after the date.
 *
 * @example
 * parseDate("Sunday, 06-Nov-94 08:49:37 GMT"); // => new Date("1994-11-06T08:49:37Z")
 * @see Source: `ring.util.time/parse-date`. Differs: of named zones only GMT, UTC and the American ones are known.
 */
export function parseDate(text: string): Date | undefined {
  const date = text.replace(/^'|'$/g, "");
  const full = (RFC_1123.exec(date) ?? ASCTIME.exec(date))?.groups;
  if (full !== undefined) return dateOf(full, Number(full["year"]));
  const short = RFC_1036.exec(date)?.groups;
  return short === undefined ? undefined : shortYear(short);
}
