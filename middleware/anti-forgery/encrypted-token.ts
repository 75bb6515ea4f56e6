/**
 * Anti-forgery tokens that hold, encrypted, for whom and how long they are good: nothing is kept on the server. Source:
 * `ring.middleware.anti-forgery.encrypted-token` of ring-anti-forgery-strategies.
 */

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { currentClock } from "../../src/clock/index.js";
import { isSameBytes } from "../../src/ring/constant-time.js";
import { Delay } from "../../src/ring/delay.js";
import { checkExpiry, keysOf, type Secrets } from "../../src/ring/secrets.js";
import { randomText } from "../../src/ring/secure-random.js";
import type { AntiForgeryStrategy } from "./strategy.js";

/** Whose token it is: the id of a user or of a session; undefined or null for nobody in particular. */
export type Subject = string | number | null | undefined;

/** The claims of a token (RFC 7519, section 4.1), times in seconds. */
interface Claims {
  readonly sub?: unknown;
  readonly exp?: unknown;
  readonly nbf?: unknown;
}

/** The halves of a key (RFC 7518, section 5.2.2.1). */
interface Key {
  readonly mac: Buffer;
  readonly encryption: Buffer;
}

function keyOf(secret: Buffer): Key {
  const bytes = createHash("sha256").update(secret).digest();
  return { mac: bytes.subarray(0, 16), encryption: bytes.subarray(16) };
}

const HEADER = Buffer.from('{"alg":"dir","enc":"A128CBC-HS256"}').toString("base64url");

/** RFC 7518, section 5.2.2.1, step 5: what is encrypted, and the header with it. */
function tagOf(key: Key, header: string, iv: Buffer, ciphertext: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeUInt32BE(header.length * 8, 4);
  const hmac = createHmac("sha256", key.mac).update(header, "ascii").update(iv).update(ciphertext).update(length);
  return hmac.digest().subarray(0, 16);
}

function encrypt(claims: object, key: Key): string {
  const iv = randomBytes(16);
  const cipher = createCipheriv("aes-128-cbc", key.encryption, iv);
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(claims)), cipher.final()]);
  const tag = tagOf(key, HEADER, iv, ciphertext);
  return `${HEADER}..${iv.toString("base64url")}.${ciphertext.toString("base64url")}.${tag.toString("base64url")}`;
}

/** The bytes of base64url in its one right spelling; undefined for any other. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

/** A JWE in compact form with a key of its own ("dir": the second part is empty), and nothing that changes its meaning. */
function isOurs(header: string): boolean {
  if (header === HEADER) return true;
  const { alg, enc, crit, zip } = parse(decode(header)) as Record<string, unknown>;
  return alg === "dir" && enc === "A128CBC-HS256" && crit === undefined && zip === undefined;
}

/** The map that the bytes hold as JSON; an empty one if they do not. */
function parse(bytes: Buffer | undefined): object {
  try {
    const value: unknown = JSON.parse(bytes?.toString("utf8") ?? "");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The claims of a token that was made with the key; undefined for any other text. */
function decrypt(token: string, key: Key): Claims | undefined {
  const [header = "", ownKey, ...sealed] = token.split(".", 6);
  const [iv, ciphertext, tag] = sealed.map(decode);
  if (ownKey !== "" || sealed.length !== 3 || iv?.length !== 16 || !ciphertext || !tag || !isOurs(header)) {
    return undefined;
  }
  if (!isSameBytes(tag, tagOf(key, header, iv, ciphertext))) return undefined;
  const decipher = createDecipheriv("aes-128-cbc", key.encryption, iv);
  try {
    return parse(Buffer.concat([decipher.update(ciphertext), decipher.final()]));
  } catch {
    return undefined;
  }
}

const now = (): number => Math.floor(currentClock().now() / 1000);

/** A limit that is not there holds; one that is no number does not. */
function isInTime({ exp, nbf }: Claims): boolean {
  const time = now();
  return (exp === undefined || (exp as number) > time) && (nbf === undefined || (nbf as number) <= time);
}

/**
 * A strategy without state: each token is a JWE ("dir" with A128CBC-HS256) that holds its subject and when it expires. A
 * token is made for a request when the handler first reads it.
 *
 * A token is good as long as it has not expired and, if the request has a subject, it has the same; a token is good for a
 * request without one, whosever it is.
 *
 * @param secret At least 16 bytes; several for rotation: the first one makes tokens, all are tried on what comes back.
 * @param expiryPeriod Seconds that a token is good for, from when it is made.
 * @param getSubject The subject of a request: the id of its user or session.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for a secret that is too short or a period that is
 *   none.
 * @example
 * const strategy = encryptedToken("sixteen bytes or more", 3600, ({ user }: { user?: string }) => user);
 * const app = wrapAntiForgery(handler, { strategy });
 * @see Source: `ring.middleware.anti-forgery.encrypted-token/encrypted-token`; tokens made there are good here, and the
 *   other way round. Differs: a list of secrets; the period is a number.
 */
export function encryptedToken<R = object>(
  secret: Secrets,
  expiryPeriod: number,
  getSubject: (request: R) => Subject,
): AntiForgeryStrategy<R> {
  const keys = keysOf("encryptedToken", secret, keyOf);
  const period = checkExpiry("encryptedToken", expiryPeriod);
  const isFor = (request: R, claims: Claims): boolean => {
    const subject = getSubject(request);
    return subject === undefined || subject === null || claims.sub === subject;
  };
  return {
    validToken(request, token) {
      if (typeof token !== "string") return false;
      for (const key of keys) {
        const claims = decrypt(token, key);
        if (claims !== undefined) return isInTime(claims) && isFor(request, claims);
      }
      return false;
    },
    getToken: (request) =>
      new Delay(() => {
        const issued = now();
        const sub = getSubject(request) ?? undefined;
        return encrypt({ sub, jti: randomText(15, "base64url"), iat: issued, exp: issued + period }, keys[0]);
      }),
    writeToken: (_request, response) => response,
  };
}
