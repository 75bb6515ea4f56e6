import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { formatDate, parseDate } from "../../src/ring/http-date.js";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/** The date in the form of RFC 1036, with a year of two digits. */
function shortYear(date: Date): string {
  const [, day, month, year, time] = /, (\d+) (\w+) \d\d(\d\d) (\S+)/.exec(date.toUTCString()) ?? [];
  return `${DAYS[date.getUTCDay()]}, ${day}-${month}-${year} ${time} GMT`;
}

const yearsFromNow = (years: number, days = 0): Date => {
  const date = new Date();
  date.setUTCMilliseconds(0);
  date.setUTCFullYear(date.getUTCFullYear() + years, date.getUTCMonth(), date.getUTCDate() + days);
  return date;
};

describe("formatDate", () => {
  it("is undone by parseDate, to the second", () => {
    const dates = fc.date({ min: new Date("0100-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseDate(formatDate(date))?.getTime()).toBe(Math.floor(date.getTime() / 1000) * 1000);
      }),
    );
  });

  it("refuses a date that is none", () => {
    expect(() => formatDate(new Date(Number.NaN))).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});

describe("parseDate", () => {
  it.each([
    ["79 years ago", yearsFromNow(-79)],
    ["now", yearsFromNow(0)],
    ["in 19 years", yearsFromNow(19)],
    ["just within 80 years", yearsFromNow(-80, 2)],
    ["just within 20 years", yearsFromNow(20, -2)],
  ])("takes a year of two digits for the one nearest to now: %s", (_when, date) => {
    expect(parseDate(shortYear(date))).toEqual(date);
  });

  it.each([
    ["Sun, 06 Nov 1994 08:49:37 PDT", "1994-11-06T15:49:37.000Z"],
    ["Sun, 06 Nov 1994 08:49:37 -0130", "1994-11-06T10:19:37.000Z"],
    ["Sun, 06 Nov 1994 08:49:37 gmt-1:30", "1994-11-06T10:19:37.000Z"],
    ["Sun, 06 Nov 0094 08:49:37 GMT", "0094-11-06T08:49:37.000Z"],
  ])("reads %s", (text, iso) => {
    expect(parseDate(text)?.toISOString()).toBe(iso);
  });

  it.each([
    "Sun, 06 Nov 1994 08:49:37 GMT+0200",
    "Sun, 06 Nov 1994 08:49:37 +02:00",
    "Sun, 06 Nov 1994 08:49:37 XYZ",
    "Sun, 06 Nov 999999999 08:49:37 GMT",
    "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sunny, 06 Nov 1994 08:49:37 GMT",
  ])("knows nothing of %s", (text) => {
    expect(parseDate(text)).toBeUndefined();
  });

  it("takes linear time for a long header", () => {
    const start = performance.now();
    for (const piece of ["1", " ", "\t", "Sun, ", "'"]) parseDate(`Sun, 0${piece.repeat(1_000_000)}`);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
