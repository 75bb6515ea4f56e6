/** What is kept of headers that were found right. */
import { describe, expect, it } from "@jest/globals";
import type { Exchange } from "../../src/message/exchange.js";
import { headerLine } from "../../src/message/header-line.js";
import { heapInUse } from "../garbage.js";

const exchange = { route: "GET /" } as Exchange;

describe("a header that says the same as last time", () => {
  it("is the same line, once its name is known", () => {
    expect(headerLine("x-same", "a", exchange)).toMatchObject({ key: "x-same", value: "a", text: "x-same: a\r\n" });
    const second = headerLine("x-same", "a", exchange);
    expect(headerLine("x-same", ["a"].join(""), exchange)).toBe(second);
    expect(headerLine("x-same", "b", exchange)).toMatchObject({ value: "b", text: "x-same: b\r\n" });
    expect(headerLine("X-Same", "b", exchange)).toMatchObject({ key: "x-same", text: "X-Same: b\r\n" });
  });

  it("keeps nothing of the text that it was cut from", () => {
    const megabytes = 20;
    const before = heapInUse();
    for (let i = 0; i < megabytes; i++) {
      const large = String(i).padEnd(1_000_000, "x");
      for (let times = 0; times < 3; times++) headerLine(`x-cut-${i}`, large.slice(times, 40 + times), exchange);
    }
    expect(heapInUse() - before).toBeLessThan(2_000_000);
  });
});
