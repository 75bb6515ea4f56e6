import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { CompactEncrypt, compactDecrypt, EncryptJWT, jwtDecrypt } from "jose";
import { encryptedToken } from "../../../middleware/anti-forgery/encrypted-token.js";
import type { AntiForgeryStrategy } from "../../../middleware/anti-forgery/strategy.js";
import { type AntiForgery, wrapAntiForgery } from "../../../middleware/anti-forgery.js";
import { mockClock, withClock } from "../../../src/clock/index.js";
import type { RingRequest } from "../../../src/ring/types.js";
import { request } from "../helpers.js";

interface Request {
  readonly user?: string | number | null;
}

const secret = "a secret of enough bytes";
/** What jose is given: Uint8Arrays of the realm that its Web Crypto knows. */
const key = new Uint8Array(createHash("sha256").update(secret).digest());
const getSubject = ({ user }: Request): string | number | null | undefined => user;
const strategy = encryptedToken(secret, 60, getSubject);

const tokenFor = (given: Request, from: AntiForgeryStrategy<Request> = strategy): string => {
  const token = from.getToken(given) as { force(): string };
  return token.force();
};
const isValid = (token: unknown, given: Request = {}, by: AntiForgeryStrategy<Request> = strategy): unknown =>
  by.validToken(given, token);

const header = { alg: "dir", enc: "A128CBC-HS256" } as const;
const seal = (claims: object | string, protectedHeader: object = header, bytes: Uint8Array = key): Promise<string> =>
  new CompactEncrypt(new Uint8Array(Buffer.from(typeof claims === "string" ? claims : JSON.stringify(claims))))
    .setProtectedHeader(protectedHeader as typeof header)
    .encrypt(bytes);
const seconds = (): number => Math.floor(Date.now() / 1000);

describe("encryptedToken", () => {
  it("makes tokens that jose reads", async () => {
    const { payload, protectedHeader } = await jwtDecrypt(tokenFor({ user: "ann" }), key);
    expect(protectedHeader).toEqual(header);
    expect(payload).toEqual({ sub: "ann", jti: expect.any(String), iat: expect.any(Number), exp: expect.any(Number) });
    expect((payload.exp as number) - (payload.iat as number)).toBe(60);
    expect(Math.abs((payload.iat as number) - seconds())).toBeLessThan(5);
    expect(JSON.parse(Buffer.from((await compactDecrypt(tokenFor({}), key)).plaintext).toString())).not.toHaveProperty(
      "sub",
    );
  });

  it("takes tokens that jose makes", async () => {
    const token = await new EncryptJWT({})
      .setProtectedHeader({ ...header, typ: "JWT" })
      .setSubject("ann")
      .setExpirationTime("1h")
      .encrypt(key);
    expect(isValid(token, { user: "ann" })).toBe(true);
    expect(isValid(token, { user: "eve" })).toBe(false);
  });

  it("makes another token each time, and one for each request", () => {
    expect(new Set(Array.from({ length: 100 }, () => tokenFor({ user: "ann" }))).size).toBe(100);
    const token = strategy.getToken({}) as { force(): string };
    expect(token.force()).toBe(token.force());
  });

  it("makes none until the handler reads it, and then only one", () => {
    let made = 0;
    const counting: AntiForgeryStrategy = { ...strategy, getToken: () => ({ force: () => `${++made}` }) };
    const get = request();
    const ask = (handler: (request: RingRequest & AntiForgery) => string): unknown =>
      wrapAntiForgery((request) => ({ body: handler(request) }), { strategy: counting })(get);
    expect(ask(() => "none")).toEqual({ body: "none" });
    expect(made).toBe(0);
    expect(ask((given) => ({ ...given }).antiForgeryToken)).toEqual({ body: "1" });
    expect(wrapAntiForgery(({ antiForgeryToken }) => ({ body: antiForgeryToken }), { strategy })(get)).toEqual({
      body: expect.stringMatching(/^eyJ/),
    });
  });

  it.each<[string, Request, Request, boolean]>([
    ["the same subject", { user: "ann" }, { user: "ann" }, true],
    ["the same number", { user: 7 }, { user: 7 }, true],
    ["another subject", { user: "ann" }, { user: "eve" }, false],
    ["a number that reads alike", { user: "7" }, { user: 7 }, false],
    ["nobody, made for nobody", {}, {}, true],
    ["nobody, made for somebody", { user: "ann" }, { user: null }, true],
    ["somebody, made for nobody", {}, { user: "ann" }, false],
    ["the empty subject", { user: "" }, { user: "" }, true],
    ["the empty subject, made for somebody", { user: "ann" }, { user: "" }, false],
  ])("judges a token for %s", (_what, maker, user, valid) => {
    expect(isValid(tokenFor(maker), user)).toBe(valid);
  });

  it("expires to the second", () => {
    const clock = mockClock(1_000_000_000);
    withClock(clock, () => {
      const token = tokenFor({});
      clock.advance(59_999);
      expect(isValid(token)).toBe(true);
      clock.advance(1);
      expect(isValid(token)).toBe(false);
    });
  });

  it("takes tokens of earlier secrets, but makes them with the first", () => {
    const old = encryptedToken("an old secret, long enough", 60, getSubject);
    const both = encryptedToken([secret, "an old secret, long enough"], 60, getSubject);
    expect(isValid(tokenFor({}, old), {}, both)).toBe(true);
    expect(isValid(tokenFor({}, both))).toBe(true);
    expect(isValid(tokenFor({}, both), {}, old)).toBe(false);
    expect(isValid(tokenFor({}, old))).toBe(false);
  });

  it.each([
    [
      "a secret that is too short",
      () => encryptedToken("short", 60, getSubject),
      "at least 16 bytes and has 5; make one with",
    ],
    ["bytes that are too few", () => encryptedToken(randomBytes(15), 60, getSubject), "has 15"],
    ["no secret", () => encryptedToken([], 60, getSubject), "no secret was given"],
    [
      "a secret that is undefined",
      () => encryptedToken(undefined as never, 60, getSubject),
      "must be a string or bytes",
    ],
    ["a period that is none", () => encryptedToken(secret, 0, getSubject), "seconds above 0, not 0"],
    ["a period that is no number", () => encryptedToken(secret, Number.NaN, getSubject), "not NaN"],
  ])("refuses %s at the start, and says what to do", (_what, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining(message) }),
    );
    expect(make).not.toThrow("short secret");
  });
});

describe("a token that was tampered with", () => {
  it("is refused, whichever byte it was", () => {
    const token = tokenFor({ user: "ann" });
    expect(isValid(token, { user: "ann" })).toBe(true);
    for (let at = 0; at < token.length; at++) {
      for (const character of ["A", "B", "_", ".", "=", "\u0000", ""]) {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        if (changed !== token && isValid(changed, { user: "ann" }) !== false) throw new Error(`${at}: ${changed}`);
      }
    }
  });

  it.each<[string, (token: string) => unknown]>([
    ["cut off", (token) => token.slice(0, -1)],
    ["with something behind it", (token) => `${token}.`],
    ["with a blank behind it", (token) => `${token} `],
    ["padded", (token) => `${token}==`],
    ["with a part too many", (token) => `${token}.AAAA`],
    ["with a key in it", (token) => token.replace("..", ".AAAA.")],
    ["without its parts", () => "...."],
    ["empty", () => ""],
    ["in an array", (token) => [token]],
    ["that is no text", () => ({ split: () => [] })],
  ])("%s is refused", (_what, change) => {
    expect(isValid(change(tokenFor({})))).toBe(false);
  });
});

describe("confusion about the algorithm", () => {
  const part = (value: object | string): string =>
    Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
  const claims = { exp: seconds() + 1000 };

  /** A token by A128CBC-HS256, whatever its header says. */
  function forge(said: object | string, claims: object): string {
    const [iv, aad] = [randomBytes(16), part(said)];
    const cipher = createCipheriv("aes-128-cbc", key.subarray(16), iv);
    const ciphertext = Buffer.concat([cipher.update(JSON.stringify(claims)), cipher.final()]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(aad.length * 8));
    const hmac = createHmac("sha256", key.subarray(0, 16)).update(
      Buffer.concat([Buffer.from(aad), iv, ciphertext, length]),
    );
    const tag = hmac.digest().subarray(0, 16);
    return [aad, "", ...[iv, ciphertext, tag].map((bytes) => bytes.toString("base64url"))].join(".");
  }

  it.each<[string, object | string]>([
    ["alg none", { alg: "none" }],
    ["alg none with enc", { alg: "none", enc: "A128CBC-HS256" }],
    ["another alg", { alg: "A128KW", enc: "A128CBC-HS256" }],
    ["another enc", { alg: "dir", enc: "A256CBC-HS512" }],
    ["enc none", { alg: "dir", enc: "none" }],
    ["no alg", { enc: "A128CBC-HS256" }],
    ["alg in other letters", { alg: "DIR", enc: "A128CBC-HS256" }],
    ["compressed", { ...header, zip: "DEF" }],
    ["critical extensions", { ...header, crit: ["exp"] }],
    ["no map", "[]"],
    ["no JSON", "{"],
    ["null", "null"],
  ])("is refused: %s, even if all of it is made with the right key", (_what, changed) => {
    expect(isValid(forge(header, claims))).toBe(true);
    expect(isValid(forge(changed, claims))).toBe(false);
  });

  it("is refused: unsecured and signed tokens", () => {
    expect(isValid(`${part({ alg: "none" })}.${part(claims)}.`)).toBe(false);
    expect(isValid(`${part({ alg: "none" })}..${part(claims)}..`)).toBe(false);
    expect(isValid(`${part({ alg: "HS256" })}.${part(claims)}.AAAA`)).toBe(false);
  });

  it("is refused: tokens by another algorithm with the same key, made properly", async () => {
    expect(isValid(await seal(claims))).toBe(true);
    expect(isValid(await seal(claims, { alg: "dir", enc: "A256GCM" }))).toBe(false);
    expect(isValid(await seal(claims, header, new Uint8Array(randomBytes(32))))).toBe(false);
  });
});

describe("claims", () => {
  it.each<[string, object | string, boolean]>([
    ["not expired", { exp: seconds() + 100 }, true],
    ["without a time", {}, true],
    ["expired", { exp: seconds() - 1 }, false],
    ["expired this second", { exp: seconds() }, false],
    ["not yet valid", { exp: seconds() + 100, nbf: seconds() + 50 }, false],
    ["valid by now", { exp: seconds() + 100, nbf: seconds() - 1 }, true],
    ["issued in the future", { exp: seconds() + 100, iat: seconds() + 50 }, true],
    ["with an expiry that is no number", { exp: "soon" }, false],
    ["with an expiry that is null", { exp: null }, false],
  ])("%s: %j is %s", async (_what, claims, valid) => {
    expect(isValid(await seal(claims))).toBe(valid);
  });

  it("of somebody else's, in another type, are not this subject's", async () => {
    const token = await seal({ sub: ["ann"], exp: seconds() + 100 });
    expect(isValid(token, { user: "ann" })).toBe(false);
  });
});
