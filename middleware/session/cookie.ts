/** Sessions inside the client's cookie, sealed. Source: `ring.middleware.session.cookie`. */

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { describe, InvalidArgumentError } from "../../src/errors/index.js";
import { type SessionData, SessionDataError, type SessionStore } from "./store.js";

/** 16 bytes, or a text of 16 bytes. */
export type CookieStoreKey = Uint8Array | string;

/** How sessions are sealed in their cookies. */
export interface CookieStoreOptions {
  /**
   * The secret, best 16 random bytes; or a list of them, of which the first seals and all open, to change the secret
   * without ending every session. @default a random one, so that sessions end with the process
   */
  readonly key?: CookieStoreKey | readonly CookieStoreKey[] | undefined;
}

const KEY_BYTES = 16;
const IV_BYTES = 16;
const CIPHER = "aes-128-cbc";
const SEPARATOR = "--";

function toKey(key: CookieStoreKey): KeyObject {
  // Not instanceof: bytes may come from another realm.
  if (typeof key !== "string" && Object.prototype.toString.call(key) !== "[object Uint8Array]") {
    throw new InvalidArgumentError(
      `cookieStore: a key must be 16 bytes, or a string of 16 bytes, and not ${describe(key)}`,
    );
  }
  const bytes = Buffer.from(key as string);
  if (bytes.length === KEY_BYTES) return createSecretKey(bytes);
  throw new InvalidArgumentError(
    `cookieStore: the key must be exactly ${KEY_BYTES} bytes, and this one is ${bytes.length} bytes long; make one with ` +
      'crypto.randomBytes(16).toString("base64"), keep it outside of the code, and read it with Buffer.from(text, "base64")',
  );
}

function toKeys(key: CookieStoreOptions["key"]): readonly [sealing: KeyObject, ...older: KeyObject[]] {
  const [sealing, ...older] = Array.isArray(key)
    ? (key as readonly CookieStoreKey[])
    : [(key ?? randomBytes(KEY_BYTES)) as CookieStoreKey];
  if (sealing === undefined)
    throw new InvalidArgumentError("cookieStore: the list of keys is empty; the first key in it seals");
  return [toKey(sealing), ...older.map(toKey)];
}

const macOf = (key: KeyObject, bytes: Buffer): string => createHmac("sha256", key).update(bytes).digest("base64");

function seal(key: KeyObject, text: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  const bytes = Buffer.concat([iv, cipher.update(text, "utf8"), cipher.final()]);
  return `${bytes.toString("base64")}${SEPARATOR}${macOf(key, bytes)}`;
}

function isMac(key: KeyObject, bytes: Buffer, mac: Buffer): boolean {
  const expected = Buffer.from(macOf(key, bytes), "latin1");
  return mac.length === expected.length && timingSafeEqual(mac, expected);
}

/** The text in a sealed value; undefined unless one of the keys has sealed it, to the last character. */
function unseal(keys: readonly KeyObject[], sealed: string): string | undefined {
  const end = sealed.indexOf(SEPARATOR);
  if (end === -1) return undefined;
  const base64 = sealed.slice(0, end);
  const bytes = Buffer.from(base64, "base64");
  // Buffer reads base64 leniently, and two texts that differ must not be the same session.
  if (bytes.length <= IV_BYTES || bytes.toString("base64") !== base64) return undefined;
  const mac = Buffer.from(sealed.slice(end + SEPARATOR.length), "utf8");
  const key = keys.find((key) => isMac(key, bytes, mac));
  if (key === undefined) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES));
  return decipher.update(bytes.subarray(IV_BYTES), undefined, "utf8") + decipher.final("utf8");
}

/** Where JSON would lose something, and what: `.user.born is a Date`; undefined if it keeps all. */
function lossIn(value: unknown): string | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : ` is ${value}`;
  if (Array.isArray(value)) {
    for (const [index, element] of value.entries()) {
      const loss = lossIn(element);
      if (loss !== undefined) return `[${index}]${loss}`;
    }
    return undefined;
  }
  if (!isPlainMap(value)) return ` is ${describe(value)}`;
  for (const [name, inner] of Object.entries(value)) {
    const loss = inner === undefined ? undefined : lossIn(inner);
    if (loss !== undefined) return `.${name}${loss}`;
  }
  return undefined;
}

function isPlainMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (Object.prototype.toString.call(value) !== "[object Object]") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // Not Object.prototype by identity: a map may come from another realm.
  const isBare = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isBare && typeof (value as { toJSON?: unknown }).toJSON !== "function";
}

function toJson(data: SessionData): string {
  let text: string;
  try {
    text = JSON.stringify(data);
  } catch (error) {
    throw new SessionDataError("cookieStore: the session cannot be written as JSON; see cause", error);
  }
  const loss = lossIn(data);
  if (loss === undefined) return text;
  throw new SessionDataError(`cookieStore: session${loss}, which JSON does not keep; store it as text or as a number`);
}

/** Text that a key of ours has sealed is not JSON if another program shares the key: Ring seals EDN. */
function fromJson(text: string | undefined): SessionData | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as SessionData;
  } catch {
    return undefined;
  }
}

/**
 * A session store in the client's cookie: encrypted (AES-128-CBC) and signed (HMAC-SHA256), nothing on the server.
 *
 * The data is JSON. A cookie that is not to the last character as it was made is no session. The server cannot take a
 * session back: an old copy of the cookie opens as long as its key is known, so a copy survives a log-out; if that matters
 * use a store on the server, or bound it with `wrapAbsoluteSessionTimeout`. Every write sends the whole session, and browsers
 * keep 4096 bytes of it: see `maxCookieBytes` of `wrapSession`.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a key that is not 16 bytes long;
 *   {@link SessionDataError} code `RING_SESSION_DATA`, for a session that JSON does not keep as it is (a Date, a Map, NaN).
 * @example
 * const key = Buffer.from(process.env["SESSION_KEY"] ?? "bm90IGEgc2VjcmV0ICA6KQ==", "base64");
 * const app = wrapSession((request) => ({ session: { visits: Number(request.session["visits"] ?? 0) + 1 } }), {
 *   store: cookieStore({ key }),
 *   cookieAttrs: { secure: true, sameSite: "lax" },
 * });
 * @see Source: `ring.middleware.session.cookie/cookie-store`. Differs: JSON instead of EDN, so no `:readers`, and cookies of
 *   Ring are no sessions here; several keys; strict about base64.
 */
export function cookieStore(options: CookieStoreOptions = {}): SessionStore {
  const keys = toKeys(options.key);
  const [sealing] = keys;
  return {
    readSession: (key) => (key === undefined || key === null ? undefined : fromJson(unseal(keys, key))),
    writeSession: (_key, data) => seal(sealing, toJson(data)),
    deleteSession: () => seal(sealing, "{}"),
  };
}
