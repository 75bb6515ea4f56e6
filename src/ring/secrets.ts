/** Secrets that keys are made of, checked before anything depends on them. */

import { Buffer } from "node:buffer";
import { InvalidArgumentError } from "../errors/index.js";

/** A secret text, as bytes or to be taken as UTF-8; several: the first one makes tokens, all of them are tried on tokens. */
export type Secrets = Secret | readonly Secret[];
type Secret = string | Uint8Array;

/** Bytes that a secret has at least. */
const SECRET_BYTES = 16;

/** What `toKey` makes of each secret. @throws {InvalidArgumentError} if there is none, or one is too short. */
export function keysOf<K>(name: string, secrets: Secrets, toKey: (secret: Buffer) => K): readonly [K, ...K[]] {
  const list = (Array.isArray(secrets) ? secrets : [secrets]) as readonly Secret[];
  const [first, ...rest] = list.map((secret) => toKey(bytesOf(name, secret)));
  if (first === undefined) throw new InvalidArgumentError(`${name}: no secret was given; ${REMEDY}`);
  return [first, ...rest];
}

const REMEDY = `make one with require("node:crypto").randomBytes(32).toString("base64") and keep it in the environment`;

function bytesOf(name: string, secret: unknown): Buffer {
  const isBytes = ArrayBuffer.isView(secret);
  if (typeof secret !== "string" && !isBytes) {
    throw new InvalidArgumentError(`${name}: the secret must be a string or bytes; ${REMEDY}`);
  }
  const bytes = Buffer.from(secret as Uint8Array);
  if (bytes.length < SECRET_BYTES) {
    throw new InvalidArgumentError(
      `${name}: the secret must have at least ${SECRET_BYTES} bytes and has ${bytes.length}; ${REMEDY}`,
    );
  }
  return bytes;
}

/** Seconds that something sealed is good for. @throws {InvalidArgumentError} if it is no time for which a token can be good. */
export function checkExpiry(name: string, expiryPeriod: number): number {
  if (!(expiryPeriod > 0 && Number.isFinite(expiryPeriod))) {
    throw new InvalidArgumentError(
      `${name}: the expiry period must be a number of seconds above 0, not ${expiryPeriod}`,
    );
  }
  return expiryPeriod;
}
