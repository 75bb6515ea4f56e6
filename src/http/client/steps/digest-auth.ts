import { createHash, randomBytes } from "node:crypto";
import { type Awaitable, andThen } from "../../../deferred/index.js";
import { getAll } from "../../../ring/headers.js";
import { BodyNotReplayableError } from "../errors.js";
import { withHeader } from "../headers.js";
import { isReplayable } from "../payload.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";
import { nestedParamsRequest } from "./nested-params.js";
import { queryParamsRequest } from "./query-params.js";
import { urlRequest } from "./url.js";

interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: string;
  readonly hash: "md5" | "sha256";
  readonly qop: string | undefined;
}

const HASHES: Readonly<Record<string, "md5" | "sha256" | undefined>> = { md5: "md5", "sha-256": "sha256" };

function parse(header: string): Challenge | undefined {
  const text = /(?:^|,)\s*digest\s+(.*)$/i.exec(header)?.[1];
  if (text === undefined) return undefined;
  const params = new Map<string, string>();
  for (const [, name = "", quoted, token] of text.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)) {
    const key = name.toLowerCase();
    if (!params.has(key)) params.set(key, quoted === undefined ? (token ?? "") : quoted.replace(/\\(.)/g, "$1"));
  }
  const algorithm = params.get("algorithm") ?? "MD5";
  const hash = HASHES[algorithm.toLowerCase().replace(/-sess$/, "")];
  const nonce = params.get("nonce");
  const offered = params.get("qop")?.split(/[\s,]+/);
  if (hash === undefined || nonce === undefined) return undefined;
  if (offered !== undefined && !offered.includes("auth")) return undefined;
  const qop = offered === undefined ? undefined : "auth";
  return { realm: params.get("realm") ?? "", nonce, opaque: params.get("opaque"), algorithm, hash, qop };
}

/** The strongest challenge that can be answered. */
function challengeOf(response: ClientResponse<unknown>): Challenge | undefined {
  const found = getAll(response, "www-authenticate").flatMap((header) => {
    const challenge = parse(header);
    return challenge === undefined ? [] : [challenge];
  });
  return found.find(({ hash }) => hash === "sha256") ?? found[0];
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** RFC 7616, 3.4. */
function answer(
  challenge: Challenge,
  [user, password]: readonly [string, string],
  method: string,
  uri: string,
): string {
  const { realm, nonce, qop, opaque, algorithm } = challenge;
  const hashed = (...parts: readonly string[]): string =>
    createHash(challenge.hash).update(parts.join(":")).digest("hex");
  const cnonce = randomBytes(16).toString("hex");
  const count = "00000001";
  const plain = hashed(user, realm, password);
  const secret = /-sess$/i.test(algorithm) ? hashed(plain, nonce, cnonce) : plain;
  const asked = hashed(method, uri);
  const response = qop === undefined ? hashed(secret, nonce, asked) : hashed(secret, nonce, count, cnonce, qop, asked);
  const params = [
    `username=${quoted(user)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(uri)}`,
    `algorithm=${algorithm}`,
    `response="${response}"`,
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ...(qop === undefined ? [] : [`qop=${qop}`, `nc=${count}`, `cnonce="${cnonce}"`]),
  ];
  return `Digest ${params.join(", ")}`;
}

function challenged(
  client: Client,
  request: ClientRequest,
  response: ClientResponse<unknown>,
): Awaitable<ClientResponse<unknown>> {
  const { digestAuth } = request;
  const challenge = response.status === 401 ? challengeOf(response) : undefined;
  if (challenge === undefined || digestAuth === undefined) return response;
  response.close();
  if (!isReplayable(request)) throw new BodyNotReplayableError("the server asks for digest authentication");
  const { uri = "/", queryString } = queryParamsRequest(nestedParamsRequest(urlRequest(request)));
  const path = queryString === undefined || queryString === "" ? uri : `${uri}?${queryString}`;
  const method = (request.method ?? request.requestMethod ?? "get").toUpperCase();
  return client(withHeader(request, "authorization", answer(challenge, digestAuth, method, path)));
}

/**
 * Client middleware: answers the digest challenge of a 401, once, with `digestAuth` (MD5, SHA-256 and their -sess forms).
 *
 * @example
 * await http.get(upstream, { digestAuth: ["ada", "a password"] });
 * @see Source: clj-http's `:digest-auth`.
 */
export function wrapDigestAuth(client: Client): Client {
  return (request) => {
    if (request.digestAuth === undefined) return client(request);
    return andThen(client(request), (response) => challenged(client, request, response));
  };
}
