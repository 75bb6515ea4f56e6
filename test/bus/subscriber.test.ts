import { describe, expect, it } from "@jest/globals";
import { Subscriber } from "../../src/bus/subscriber.js";
import { logged } from "../stream/kit.js";

describe("Subscriber", () => {
  it("has room for what its places are not reserved for", () => {
    const subscriber = new Subscriber<number>("n", { bound: 2, overflow: "block" }, () => {});
    subscriber.arrive(1, false);
    expect(subscriber.hasRoom).toBe(true);
    subscriber.reserved = 1;
    expect(subscriber.hasRoom).toBe(false);
  });

  it("hands what comes from elsewhere to a take that waits, though its places are reserved", async () => {
    const subscriber = new Subscriber<number>("n", { bound: 1, overflow: "block" }, () => {});
    subscriber.reserved = 1;
    const taken = subscriber.take();
    subscriber.arrive(1, false);
    expect(await taken).toBe(1);
    await logged(() => subscriber.arrive(2, false));
    expect([subscriber.waiting, subscriber.dropped]).toEqual([0, 1]);
    subscriber.arrive(3, true);
    expect(await subscriber.take()).toBe(3);
  });

  it("tells when there is room again, if publishers wait for it", async () => {
    for (const overflow of ["block", "dropOldest"] as const) {
      let told = 0;
      const subscriber = new Subscriber<number>("n", { overflow }, () => told++);
      subscriber.arrive(1, false);
      expect(told).toBe(0);
      await subscriber.take();
      expect([overflow, told]).toEqual([overflow, overflow === "block" ? 1 : 0]);
    }
  });
});
