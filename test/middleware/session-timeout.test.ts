import { describe, expect, it, jest } from "@jest/globals";
import {
  memoryStore,
  recreate,
  type SessionData,
  wrapAbsoluteSessionTimeout,
  wrapIdleSessionTimeout,
  wrapSession,
} from "../../middleware/index.js";
import { mockClock } from "../../src/clock/index.js";
import { pipe } from "../../src/ring/pipe.js";
import type { RingRequest, RingResponse } from "../../src/ring/types.js";
import { request } from "./helpers.js";

const late = { status: 401, body: "too late" };
const wraps = [
  ["wrapIdleSessionTimeout", wrapIdleSessionTimeout],
  ["wrapAbsoluteSessionTimeout", wrapAbsoluteSessionTimeout],
] as const;

describe.each(wraps)("%s", (_name, wrap) => {
  it("ends a session on the clock it is given, and deletes it", () => {
    const clock = mockClock();
    const cell: Record<string, SessionData> = {};
    const handler = jest.fn<(request: RingRequest) => RingResponse>(() => ({ status: 200 }));
    const app = pipe(
      handler,
      (inner) => wrap(inner, { timeout: 60, timeoutResponse: late, clock }),
      (inner) => wrapSession(inner, { store: memoryStore(cell) }),
    );
    app(request());
    const [key = ""] = Object.keys(cell);
    const asking = request({ headers: { cookie: `ring-session=${key}` } });
    clock.advance(60_000);
    expect(app(asking)).toEqual({ status: 200 });
    clock.advance(61_000);
    expect(app(asking)).toEqual(late);
    expect([Object.keys(cell), handler.mock.calls.length]).toEqual([[], 2]);
  });

  it("keeps the mark of recreate", () => {
    const app = wrap(() => ({ session: recreate({ user: "ada" }) }), { timeout: 60, timeoutResponse: late });
    const { session } = app({ ...request(), session: {} }) as { session: object };
    expect(Object.getOwnPropertySymbols(session)).toHaveLength(1);
  });

  it("awaits a timeoutHandler, which gets the request", async () => {
    const clock = mockClock();
    clock.advance(10_000);
    const timeoutHandler = async ({ uri }: RingRequest): Promise<RingResponse> => ({ body: uri, session: { a: 1 } });
    const app = wrap(() => null, { timeout: 1, timeoutHandler, clock });
    const session = {
      "ring.middleware.session-timeout/idle-timeout": 5,
      "ring.middleware.session-timeout/absolute-timeout": 5,
    };
    expect(await app({ ...request({ uri: "/x" }), session })).toEqual({ body: "/x", session: null });
  });

  it.each([
    ["a timeout that is no whole number", { timeout: 1.5, timeoutResponse: late }],
    ["both answers", { timeout: 1, timeoutResponse: late, timeoutHandler: () => late }],
    ["no answer", { timeout: 1 }],
    ["a handler that is no function", { timeout: 1, timeoutHandler: late as never }],
  ])("refuses %s", (_what, options) => {
    expect(() => wrap(() => null, options)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});

describe("wrapIdleSessionTimeout", () => {
  it("is of ten minutes by default", () => {
    const clock = mockClock();
    const app = wrapIdleSessionTimeout(() => ({}), { timeoutResponse: late, clock });
    expect(app({ ...request(), session: {} })).toEqual({
      session: { "ring.middleware.session-timeout/idle-timeout": 600 },
    });
  });
});

describe("wrapAbsoluteSessionTimeout", () => {
  it("does not write a session back that is not changed", () => {
    const response = { status: 200 };
    const app = wrapAbsoluteSessionTimeout(() => response, { timeout: 60, timeoutResponse: late, clock: mockClock() });
    const session = { "ring.middleware.session-timeout/absolute-timeout": 30 };
    expect(app({ ...request(), session })).toBe(response);
  });
});
