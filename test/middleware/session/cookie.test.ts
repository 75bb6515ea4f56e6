import { runInNewContext } from "node:vm";
import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { cookieStore, recreate, type SessionData, wrapSession } from "../../../middleware/index.js";
import type { RingRequest, RingResponse } from "../../../src/ring/types.js";
import { request } from "../helpers.js";

const key = Buffer.from("a 16-byte secret");
const otherKey = Buffer.from("16 other bytes..");
const seal = (data: SessionData, store = cookieStore({ key })): string => store.writeSession(undefined, data) as string;
const open = (sealed: string, store = cookieStore({ key })): unknown => store.readSession(sealed);

/** The session's cookie that a response sets, as a browser sends it back. */
function cookieOf(response: unknown): string {
  const [line = ""] = ((response as RingResponse).headers?.["Set-Cookie"] ?? []) as string[];
  return line.split(";", 1)[0] ?? "";
}
const asking = (cookie: string): RingRequest => request({ headers: { cookie } });

describe("cookieStore", () => {
  it("reads back whatever JSON can hold", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (data) => {
        // JSON has one zero.
        const text = JSON.stringify(data);
        expect(JSON.stringify(open(seal(JSON.parse(text) as SessionData)))).toBe(text);
      }),
    );
  });

  it("takes undefined for absent, and maps of another realm for maps", () => {
    expect(open(seal({ a: undefined, b: { c: undefined } }))).toEqual({ b: {} });
    expect(open(seal(runInNewContext("({ a: [{ b: 1 }] })") as SessionData))).toEqual({ a: [{ b: 1 }] });
    expect(open(seal(Object.assign(Object.create(null) as SessionData, { a: 1 })))).toEqual({ a: 1 });
  });

  it.each([
    ["a Date", { user: { born: new Date(0) } }, "session.user.born is a Date"],
    ["a Map", { list: [1, new Map()] }, "session.list[1] is a Map"],
    ["NaN", { n: Number.NaN }, "session.n is NaN"],
    ["a function", { f: () => 1 }, "session.f is a function"],
    ["undefined in a list", { list: [undefined] }, "session.list[0] is undefined"],
    [
      "an object of a class",
      {
        e: new (class Basket {
          readonly eggs = 1;
        })(),
      },
      "session.e is a Basket",
    ],
    ["a map that writes itself", { m: { toJSON: () => "x" } }, "session.m is an object"],
    ["bytes", { b: new Uint8Array(1) }, "session.b is an Uint8Array"],
    ["a bigint", { n: 1n }, "cannot be written as JSON"],
  ])("refuses %s, which would come back as something else", (_what, data, fault) => {
    expect(() => seal(data)).toThrow(
      expect.objectContaining({ code: "RING_SESSION_DATA", message: expect.stringContaining(fault) }),
    );
  });

  it("refuses a session that contains itself", () => {
    const data: Record<string, unknown> = {};
    data["self"] = data;
    expect(() => seal(data)).toThrow(expect.objectContaining({ code: "RING_SESSION_DATA" }));
  });

  it("seals the same session differently each time, and shows nothing of it", () => {
    const sealed = Array.from({ length: 50 }, () => seal({ user: "ada" }));
    expect(new Set(sealed).size).toBe(50);
    for (const each of sealed) expect(Buffer.from(each, "base64").toString("latin1")).not.toContain("ada");
  });

  it("makes a key of its own without one", () => {
    const store = cookieStore();
    expect(open(seal({ a: 1 }, store), store)).toEqual({ a: 1 });
    expect(open(seal({ a: 1 }, store), cookieStore())).toBeUndefined();
  });

  it("is not changed by who changes the bytes of the key later", () => {
    const bytes = Buffer.from(key);
    const store = cookieStore({ key: bytes });
    bytes.fill(0);
    expect(open(seal({ a: 1 }, store))).toEqual({ a: 1 });
  });

  it("does not take what another program has sealed with its key for a session", () => {
    const sealedByRing = "HyYtNDtCSVBXXmVsc3qBiMNAaoOWtet4XxMQe75Fbbs=--PqybswztQEs/id18BKUt8m95C2cQ64yoN69yK8YDk5M=";
    expect(open(sealedByRing)).toBeUndefined();
  });
});

describe("secrets of wrong length", () => {
  it.each<[string, never]>([
    ["15 bytes", Buffer.alloc(15) as never],
    ["32 bytes", Buffer.alloc(32) as never],
    ["no bytes", Buffer.alloc(0) as never],
    ["a short text", "secret" as never],
    ["16 characters that are more bytes", "sixteen chars ää" as never],
    ["a second key of 15 bytes", [key, Buffer.alloc(15)] as never],
  ])("are refused at the start, with what to do: %s", (_what, wrong) => {
    expect(() => cookieStore({ key: wrong })).toThrow(
      expect.objectContaining({
        code: "RING_INVALID_ARGUMENT",
        message: expect.stringMatching(/exactly 16 bytes.*crypto\.randomBytes\(16\)/),
      }),
    );
  });

  it.each<[string, never]>([
    ["no bytes at all", 16 as never],
    ["a list of numbers", Array.from({ length: 16 }, () => 1) as never],
    ["an empty list", [] as never],
  ])("so are keys that are none: %s", (_what, wrong) => {
    expect(() => cookieStore({ key: wrong })).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });

  it("never show in the error", () => {
    expect(() => cookieStore({ key: "hunter2" })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("hunter2") }),
    );
  });
});

describe("cookie tampering", () => {
  const sealed = seal({ user: "ada", admin: false });
  const alphabet = "ABCDwxyz0189+/=- ";

  it("is found out in every byte, by every other character", () => {
    const opened: string[] = [];
    for (let at = 0; at < sealed.length; at++) {
      for (const other of alphabet) {
        const tampered = sealed.slice(0, at) + other + sealed.slice(at + 1);
        if (tampered !== sealed && open(tampered) !== undefined) opened.push(tampered);
      }
    }
    expect(opened).toEqual([]);
    expect(open(sealed)).toEqual({ user: "ada", admin: false });
  });

  it("is found out in every bit of the data", () => {
    const [data = "", mac] = sealed.split("--");
    const bytes = Buffer.from(data, "base64");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(open(`${flipped.toString("base64")}--${mac}`)).toBeUndefined();
    }
  });

  it("by cutting, by adding and by swapping is found out", () => {
    const other = seal({ user: "eve", admin: true });
    const [data, mac] = sealed.split("--");
    const [otherData, otherMac] = other.split("--");
    const tampered = [
      ...Array.from(sealed, (_, length) => sealed.slice(0, length)),
      ...["=", "A", "-", "--", "--x", " ", "\n", "\0"].flatMap((more) => [sealed + more, more + sealed]),
      `${data}--${otherMac}`,
      `${otherData}--${mac}`,
      `${mac}--${data}`,
    ];
    expect(tampered.filter((each) => open(each) !== undefined)).toEqual([]);
  });

  it("never fails, whatever the cookie holds", () => {
    const piece = fc.constantFrom("--", "-", "=", "AAAA", "/", "é", "\0", "%", sealed, "{}");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join("")),
        ),
        (value) => {
          expect(open(value)).toEqual(value === sealed ? { user: "ada", admin: false } : undefined);
        },
      ),
    );
  });
});

describe("key rotation", () => {
  it("seals with the first key and opens with all", () => {
    const old = seal({ user: "ada" });
    const rotated = cookieStore({ key: [otherKey, key] });
    expect(open(old, rotated)).toEqual({ user: "ada" });
    const renewed = seal({ user: "ada" }, rotated);
    expect(open(renewed, cookieStore({ key: otherKey }))).toEqual({ user: "ada" });
    expect(open(renewed, cookieStore({ key }))).toBeUndefined();
  });

  it("ends the sessions of a key that is taken off the list", () => {
    expect(open(seal({ user: "ada" }), cookieStore({ key: [otherKey] }))).toBeUndefined();
  });
});

describe("wrapSession with cookieStore", () => {
  const app = (handle: (session: SessionData) => RingResponse) =>
    wrapSession(({ session }) => handle(session), { store: cookieStore({ key }) });

  it("keeps a session in the cookie alone: another process with the key opens it", () => {
    const cookie = cookieOf(app(() => ({ session: { user: "ada" } }))(request()));
    expect(app((session) => ({ body: String(session["user"]) }))(asking(cookie))).toEqual({ body: "ada" });
  });

  it("cannot stop a replay after deletion: an old copy of the cookie opens still", () => {
    const copy = cookieOf(app(() => ({ session: { user: "ada" } }))(request()));
    const left = cookieOf(app(() => ({ session: null }))(asking(copy)));
    const show = app((session) => ({ body: JSON.stringify(session) }));
    expect(show(asking(left))).toEqual({ body: "{}" });
    expect(show(asking(copy))).toEqual({ body: '{"user":"ada"}' });
  });

  it("withstands session fixation: what an attacker knows of a session before the log-in opens none after it", () => {
    const before = cookieOf(app(() => ({ session: { cart: 1 } }))(request()));
    const after = cookieOf(app((session) => ({ session: recreate({ ...session, user: "ada" }) }))(asking(before)));
    const show = app((session) => ({ body: JSON.stringify(session) }));
    expect(show(asking(before))).toEqual({ body: '{"cart":1}' });
    expect(show(asking(after))).toEqual({ body: '{"cart":1,"user":"ada"}' });
  });

  it("withstands prototype pollution: __proto__ in the JSON is data", () => {
    const polluted = JSON.parse(
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
    ) as SessionData;
    const cookie = cookieOf(app(() => ({ session: polluted }))(request()));
    let seen: SessionData = {};
    app((session) => {
      seen = session;
      return {};
    })(asking(cookie));
    expect(Object.keys(seen)).toEqual(["__proto__", "constructor"]);
    expect([seen["admin"], { ...seen }["admin"], ({} as SessionData)["admin"]]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("refuses a session whose cookie browsers would drop, and keeps the longest they take", () => {
    const write = (length: number) => app(() => ({ session: { text: "x".repeat(length) } }))(request());
    const lengths = Array.from({ length: 40 }, (_, index) => 2600 + index * 16);
    const sent = lengths.filter((length) => {
      try {
        return cookieOf(write(length)).length <= 4096;
      } catch (error) {
        expect(error).toMatchObject({
          code: "RING_SESSION_COOKIE_TOO_LARGE",
          message: expect.stringContaining("4096"),
        });
        return false;
      }
    });
    expect(sent.length).toBeGreaterThan(5);
    expect(sent.length).toBeLessThan(lengths.length);
    expect(() => write(5000)).toThrow(expect.objectContaining({ code: "RING_SESSION_COOKIE_TOO_LARGE" }));
  });
});
