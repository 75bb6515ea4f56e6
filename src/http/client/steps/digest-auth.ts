import { createHash, randomBytes } from "node:crypto";
import { charset } from "../../../byte-streams/core.js";
import { type Awaitable, andThen } from "../../../deferred/index.js";
import { getAll } from "../../../ring/headers.js";
import { BodyNotReplayableError } from "../errors.js";
import { withHeader } from "../headers.js";
import { bytesOf, isReplayable } from "../payload.js";
import type { Client, ClientRequest, ClientResponse } from "../types.js";
import { formParamsRequest } from "./form-params.js";
import { methodRequest } from "./method.js";
import { nestedParamsRequest } from "./nested-params.js";
import { queryParamsRequest } from "./query-params.js";
import { urlRequest } from "./url.js";

interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: string;
  readonly hash: string;
  readonly qop: "auth" | "auth-int" | undefined;
}

/** As they are named in a challenge, and by Node; the strongest first. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["sha-512", "sha512"],
  ["sha-512-256", "sha512-256"],
  ["sha-256", "sha256"],
  ["md5", "md5"],
]);
const STRONGEST_FIRST = [...HASHES.values()];

function parse(header: string): Challenge | undefined {
  const text = /(?:^|,)\s*digest\s+(.*)$/i.exec(header)?.[1];
  if (text === undefined) return undefined;
  const params = new Map<string, string>();
  // A name begins where no name was: else each of its characters would be tried as its beginning.
  for (const [, name = "", quoted, token] of text.matchAll(
    /(?<![\w-])([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g,
  )) {
    const key = name.toLowerCase();
    if (!params.has(key)) params.set(key, quoted === undefined ? (token ?? "") : quoted.replace(/\\(.)/g, "$1"));
  }
  const algorithm = params.get("algorithm") ?? "MD5";
  const hash = HASHES.get(algorithm.toLowerCase().replace(/-sess$/, ""));
  const nonce = params.get("nonce");
  const offered = params.get("qop")?.split(/[\s,]+/);
  if (hash === undefined || nonce === undefined) return undefined;
  const qop = (["auth", "auth-int"] as const).find((known) => offered?.includes(known));
  if (offered !== undefined && qop === undefined) return undefined;
  return { realm: params.get("realm") ?? "", nonce, opaque: params.get("opaque"), algorithm, hash, qop };
}

/** The strongest challenge that can be answered. */
function challengeOf(response: ClientResponse<unknown>): Challenge | undefined {
  const found = getAll(response, "www-authenticate").flatMap((header) => {
    const challenge = parse(header);
    return challenge === undefined ? [] : [challenge];
  });
  return found.toSorted((a, b) => STRONGEST_FIRST.indexOf(a.hash) - STRONGEST_FIRST.indexOf(b.hash))[0];
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** The bytes of a body that is at hand; undefined of files, blobs and forms of parts. */
function entityOf({ body, bodyEncoding = "utf-8", multipart }: ClientRequest): Uint8Array | undefined {
  if (multipart !== undefined) return undefined;
  if (body === null || body === undefined) return new Uint8Array();
  return typeof body === "string" ? charset(bodyEncoding).encode(body) : bytesOf(body);
}

/** RFC 7616, 3.4. */
function answer(
  challenge: Challenge,
  [user, password]: readonly [string, string],
  method: string,
  uri: string,
  entity: Uint8Array | undefined,
): string {
  const { realm, nonce, qop, opaque, algorithm } = challenge;
  const hashed = (...parts: readonly string[]): string =>
    createHash(challenge.hash).update(parts.join(":")).digest("hex");
  const cnonce = randomBytes(16).toString("hex");
  const count = "00000001";
  const plain = hashed(user, realm, password);
  const secret = /-sess$/i.test(algorithm) ? hashed(plain, nonce, cnonce) : plain;
  const content =
    qop === "auth-int"
      ? [
          createHash(challenge.hash)
            .update(entity ?? "")
            .digest("hex"),
        ]
      : [];
  const asked = hashed(method, uri, ...content);
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
  const sent = formParamsRequest(queryParamsRequest(nestedParamsRequest(urlRequest(methodRequest(request)))));
  const entity = entityOf(sent);
  if (challenge.qop === "auth-int" && entity === undefined) return response;
  response.close();
  if (!isReplayable(request)) throw new BodyNotReplayableError("the server asks for digest authentication");
  const { uri = "/", queryString, requestMethod = "get" } = sent;
  const path = queryString === undefined || queryString === "" ? uri : `${uri}?${queryString}`;
  const authorization = answer(challenge, digestAuth, requestMethod.toUpperCase(), path, entity);
  return client(withHeader(request, "authorization", authorization));
}

/**
 * Client middleware: answers the digest challenge of a 401, once, with `digestAuth`: MD5, SHA-256, SHA-512 and their -sess
 * forms; also where the body is to be vouched for (`auth-int`), if it is text, bytes or `formParams`.
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
