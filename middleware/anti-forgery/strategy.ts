/** Where anti-forgery tokens come from, and which are valid. Source: `ring.middleware.anti-forgery.strategy`. */

import type { Awaitable } from "../../src/deferred/index.js";
import { InvalidArgumentError } from "../../src/errors/index.js";
import type { RingResponse } from "../../src/ring/types.js";

/** A token that is made when somebody first wants it. */
export interface DelayedToken {
  /** The token; the same one whenever it is called. */
  force(): string;
}

/** A token, or the promise to make one: Clojure's delay. */
export type AntiForgeryToken = string | DelayedToken;

/**
 * How tokens are made, kept and judged; `R` is what a strategy needs to find in a request.
 *
 * @see Source: `ring.middleware.anti-forgery.strategy/Strategy`.
 */
export interface AntiForgeryStrategy<R = object> {
  /** Is the token that came with the request good? What is no string, is not. */
  validToken(request: R, token: unknown): Awaitable<boolean>;
  /** The token for what this request's answer will bring back. */
  getToken(request: R): Awaitable<AntiForgeryToken>;
  /** The response, changed so that the token will be known again. */
  writeToken<Res extends RingResponse>(request: R, response: Res, token: AntiForgeryToken): Awaitable<Res>;
}

/** A token made once, when it is first wanted. */
export class Delayed implements DelayedToken {
  readonly #make: () => string;
  #token: string | undefined;

  constructor(make: () => string) {
    this.#make = make;
  }

  force(): string {
    this.#token ??= this.#make();
    return this.#token;
  }
}

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

/** @throws {InvalidArgumentError} if it is no time for which a token can be good. */
export function checkExpiry(name: string, expiryPeriod: number): number {
  if (!(expiryPeriod > 0 && Number.isFinite(expiryPeriod))) {
    throw new InvalidArgumentError(
      `${name}: the expiry period must be a number of seconds above 0, not ${expiryPeriod}`,
    );
  }
  return expiryPeriod;
}
