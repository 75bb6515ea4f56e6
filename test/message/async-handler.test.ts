import { describe, expect, it } from "@jest/globals";
import type { Deferred } from "../../src/deferred/index.js";
import { wrapRingAsyncHandler } from "../../src/index.js";
import type { AsyncHandler, RingRequest } from "../../src/ring/types.js";
import { valueOf } from "../helpers.js";

const request = { uri: "/" } as RingRequest;
const answer = (handler: AsyncHandler): Deferred<unknown> =>
  wrapRingAsyncHandler(handler)(request) as Deferred<unknown>;

describe("wrapRingAsyncHandler", () => {
  it("yields what the handler responds, in place", () => {
    expect(valueOf(answer(({ uri }, respond) => respond({ status: 200, headers: {}, body: uri })))).toMatchObject({
      body: "/",
    });
  });

  it("yields null where the handler responds null", () => {
    const passed = answer((_request, respond) => respond(null));
    expect([passed.isRealized, valueOf(passed)]).toEqual([true, null]);
  });

  it("fails with what the handler raises, or throws", async () => {
    const boom = new Error("boom");
    await expect(answer((_request, _respond, raise) => raise(boom))).rejects.toBe(boom);
    await expect(
      answer(() => {
        throw boom;
      }),
    ).rejects.toBe(boom);
  });

  it("goes by the first call of either", () => {
    const first = answer((_request, respond, raise) => {
      respond({ status: 201 });
      raise(new Error("second"));
      respond({ status: 203 });
    });
    expect(valueOf(first)).toEqual({ status: 201 });
  });
});
