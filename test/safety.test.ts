/** Attacks that several parts have to withstand. Those on one part are in its own tests. */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import express, { type ErrorRequestHandler } from "express";
import {
  absoluteRedirectsResponse,
  authorizationRequest,
  type Cookies,
  compressionResponse,
  cookieStore,
  cookiesRequest,
  defaultCharsetResponse,
  encryptedToken,
  fileRequest,
  forwardedRemoteAddrRequest,
  forwardedSchemeRequest,
  isKeywordName,
  jsonBodyRequest,
  nestedParamsRequest,
  notModifiedResponse,
  type Params,
  parseMultipartParams,
  rangeResponse,
  resourceRequest,
  signedToken,
  sslRedirectResponse,
  wrapCookies,
  wrapParams,
} from "../middleware/index.js";
import { ring } from "../src/express/index.js";
import { cookie, request, body as withBody } from "../src/mock/index.js";
import * as codec from "../src/ring/codec.js";
import { parseDate } from "../src/ring/http-date.js";
import { extMimeType } from "../src/ring/mime-type.js";
import { findContentTypeCharset, isToken, parseValue } from "../src/ring/parsing.js";
import { pipe } from "../src/ring/pipe.js";
import { characterEncoding, contentType as requestContentType } from "../src/ring/request.js";
import * as response from "../src/ring/response.js";
import type { RingRequest, RingResponse } from "../src/ring/types.js";
import { isUpgradeRequest, requestProtocols } from "../src/websocket/index.js";

const names = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];

describe("prototype pollution", () => {
  const maps = pipe(
    ({ queryParams, formParams, params, cookies }: RingRequest & Params & Cookies) =>
      ({ maps: [queryParams, formParams, params, cookies] }) as RingResponse,
    wrapParams,
    wrapCookies,
  );

  it.each(names)("by the name %s gets it a value as any other name, in a map that inherits nothing", async (name) => {
    const pair = `${encodeURIComponent(name)}=polluted`;
    const asked = cookie(withBody(request("post", `/?${pair}&${pair}`), { [name]: "polluted" }), name, "polluted");
    // A map of one computed key is not enough for "__proto__" to be in the body.
    const posted = withBody(asked, pair);
    const form = { ...posted, headers: { ...posted.headers, "content-type": "application/x-www-form-urlencoded" } };
    const { maps: found } = (await maps(form)) as unknown as { maps: Record<string, unknown>[] };
    const [query, fromForm, params, cookies] = found;
    for (const map of found) {
      expect(Object.getPrototypeOf(map)).toBeNull();
      expect(Object.keys(map)).toEqual([name]);
    }
    expect([query?.[name], fromForm?.[name], params?.[name], cookies?.[name]]).toEqual([
      ["polluted", "polluted"],
      "polluted",
      ["polluted", "polluted"],
      { value: "polluted" },
    ]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(names)("by the key %s does not find a media type, nor a cookie's attribute", (name) => {
    expect(extMimeType(`a.${name}`)).toBeUndefined();
    expect(extMimeType(`a.${name}`, { a: "b/c" })).toBeUndefined();
    const cookies = { a: { value: "1", ...Object.fromEntries([[name, "x"]]) } };
    expect(() => wrapCookies(() => ({ cookies }))(request("get", "/"))).toThrow(
      expect.objectContaining({ code: "RING_INVALID_COOKIE" }),
    );
  });
});

/** The default would end each flood at its thousandth pair. */
const unlimited = { maxParameters: Infinity };

const secret = "a secret of 24 characters";
const sessions = cookieStore({ key: secret.slice(0, 16) });
const encrypted = encryptedToken(secret, 60, () => "ada");
const signed = signedToken(secret, { getSubject: () => "ada" });
const ranged = { status: 200, headers: { "Content-Type": "text/plain", ETag: '"1"' }, body: "x".repeat(2000) };

/** A form of one part whose head has the text in it. */
const partHead = (text: string): ReturnType<typeof parseMultipartParams> =>
  parseMultipartParams(
    {
      headers: { "content-type": "multipart/form-data; boundary=b" },
      body: `--b\r\nContent-Disposition: form-data; name=${text}\r\n\r\n\r\n--b--`,
    } as never,
    { maxPartHeaderSize: Infinity },
  );

/** What reads text of a client. */
const readers: readonly (readonly [string, (text: string) => unknown])[] = [
  ["wrapParams on a query", (text) => wrapParams(() => null, unlimited)({ ...request("get", "/"), queryString: text })],
  [
    "wrapParams on a form",
    (text) =>
      wrapParams(
        () => null,
        unlimited,
      )({
        ...request("post", "/"),
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: text,
      }),
  ],
  ["cookiesRequest", (text) => cookiesRequest({ headers: { cookie: text } })],
  ["formDecode", (text) => codec.formDecode(text)],
  ["formDecodeStr", (text) => codec.formDecodeStr(text)],
  ["formEncode", (text) => codec.formEncode(text.slice(0, SIZE / 10))],
  ["urlDecode", (text) => codec.urlDecode(text)],
  ["urlEncode", (text) => codec.urlEncode(text.slice(0, SIZE / 10))],
  ["findContentTypeCharset", findContentTypeCharset],
  ["isToken", isToken],
  ["parseValue", parseValue],
  ["parseDate", parseDate],
  ["extMimeType", (text) => extMimeType(text)],
  ["contentType of a request", (text) => requestContentType({ headers: { "content-type": text } })],
  ["characterEncoding", (text) => characterEncoding({ headers: { "content-type": `a/b;${text}` } })],
  ["getCharset of a response", (text) => response.getCharset({ headers: { "content-type": text } })],
  ["charset of a response", (text) => response.charset({ headers: { "content-type": text } }, "utf-8")],
  [
    "defaultCharsetResponse",
    (text) => defaultCharsetResponse({ headers: { "content-type": `text/html;${text}` } }, "utf-8"),
  ],
  [
    "notModifiedResponse",
    (text) =>
      notModifiedResponse(
        { headers: { ETag: text, "Last-Modified": text } },
        { requestMethod: "get", headers: { "if-none-match": `${text}x`, "if-modified-since": text } },
      ),
  ],
  ["authorizationRequest", (text) => authorizationRequest({ headers: { authorization: text } })],
  ["authorizationRequest, after a scheme", (text) => authorizationRequest({ headers: { authorization: `a ${text}` } })],
  ["forwardedRemoteAddrRequest", (text) => forwardedRemoteAddrRequest({ headers: { "x-forwarded-for": text } })],
  [
    "forwardedSchemeRequest",
    (text) => forwardedSchemeRequest({ scheme: "http", headers: { "x-forwarded-proto": text } }),
  ],
  [
    "nestedParamsRequest",
    (text) => nestedParamsRequest({ params: { [text]: "1", [`a[${text}]`]: "1" } }, { maxDepth: Infinity }),
  ],
  ["isKeywordName", (text) => isKeywordName(text, { parseNamespaces: true })],
  ["jsonBodyRequest", (text) => jsonBodyRequest({ headers: { "content-type": "application/json" }, body: text })],
  [
    "jsonBodyRequest, inside of a string, with all digits",
    (text) =>
      jsonBodyRequest({ headers: { "content-type": "application/json" }, body: `["\n${text}` }, { bigdecimals: true }),
  ],
  [
    "parseMultipartParams, in the content-type",
    (text) =>
      parseMultipartParams({ headers: { "content-type": `multipart/form-data;${text}` }, body: "--b--" } as never),
  ],
  ["parseMultipartParams, in a part's head", partHead],
  ["parseMultipartParams, in a part's encoded word", (text) => partHead(`"=?utf-8?Q?${text}?="`)],
  [
    "compressionResponse",
    (text) => compressionResponse(ranged, { headers: { "accept-encoding": text.slice(0, HEADER) } }),
  ],
  ["rangeResponse", (text) => rangeResponse(ranged, { requestMethod: "get", headers: { range: `bytes=${text}` } })],
  [
    "rangeResponse, of a version",
    (text) => rangeResponse(ranged, { requestMethod: "get", headers: { range: "bytes=0-1", "if-range": text } }),
  ],
  [
    "sslRedirectResponse",
    (text) => sslRedirectResponse({ scheme: "http", requestMethod: "get", uri: `/${text}`, headers: { host: text } }),
  ],
  [
    "absoluteRedirectsResponse",
    (text) =>
      absoluteRedirectsResponse(response.redirect(text), { scheme: "http", uri: `/${text}`, headers: { host: "a" } }),
  ],
  ["fileRequest", (text) => fileRequest({ requestMethod: "get", uri: `/${text}` }, "test", { dotfiles: "ignore" })],
  ["resourceRequest", (text) => resourceRequest({ requestMethod: "get", uri: `/${text}` }, "test", { roots: ["."] })],
  ["cookieStore", (text) => sessions.readSession(`${text}--${text}`)],
  ["encryptedToken", (text) => encrypted.validToken({}, `${text}..${text}`)],
  ["signedToken", (text) => signed.validToken({ cookies: {} }, text)],
  ["requestProtocols", (text) => requestProtocols({ headers: { "sec-websocket-protocol": text } })],
  ["isUpgradeRequest", (text) => isUpgradeRequest({ headers: { connection: text, upgrade: text } })],
];

/** Bits of syntax that make careless patterns start over and over. */
const units = [
  "=",
  "%",
  "%4",
  "%41",
  ";",
  "&",
  "a=",
  "a&",
  "+",
  ",",
  " ",
  '"',
  '\\"',
  ';charset="',
  " charset=",
  "a",
  "[",
  ".",
];

const SIZE = 1_000_000;
/** Node's parser refuses a head that is longer; what a library reads is not held to more. */
const HEADER = 16_384;
/** Milliseconds: many times what the slowest takes. What looks at all characters again for each of them takes far longer. */
const TIME = 5_000;

describe("a flood of a megabyte", () => {
  it.each(readers)("is read by %s in linear time, whatever it is made of", async (_name, read) => {
    const slow: string[] = [];
    // A tenth first: what is slow there already would take hours with the whole.
    for (const [size, unit] of [SIZE / 10, SIZE].flatMap((size) => units.map((unit) => [size, unit] as const))) {
      const text = unit.repeat(Math.ceil(size / unit.length));
      for (const flood of [`${text}x`, `"${text}`]) {
        const start = performance.now();
        // One after the other, so that each has its own time.
        // oxlint-disable-next-line no-await-in-loop
        await (async () => read(flood))().catch(() => {});
        if (performance.now() - start > TIME) slow.push(`${JSON.stringify(unit)}, ${size} characters`);
      }
      if (slow.length > 0) break;
    }
    expect(slow).toEqual([]);
  });

  it("of names that look alike is no hash that is searched through", async () => {
    // The same hash in hash functions that multiply by 31, as Java's does: "Aa" and "BB".
    const alike = Array.from({ length: 2 ** 15 }, (_, bits) =>
      Array.from({ length: 15 }, (_, place) => ((bits >> place) & 1 ? "Aa" : "BB")).join(""),
    );
    const start = performance.now();
    const { params } = await wrapParamsOf(alike.map((name) => `${name}=1`).join("&"));
    expect(Object.keys(params)).toHaveLength(2 ** 15);
    expect(performance.now() - start).toBeLessThan(TIME);
  });

  it("of one name is one array, not an array that is copied each time", async () => {
    const start = performance.now();
    const { params } = await wrapParamsOf("a=&".repeat(300_000));
    expect(params["a"]).toHaveLength(300_000);
    expect(performance.now() - start).toBeLessThan(TIME);
  });
});

async function wrapParamsOf(queryString: string): Promise<RingRequest & Params> {
  let seen: (RingRequest & Params) | undefined;
  await wrapParams((asked) => {
    seen = asked;
    return null;
  }, unlimited)({ ...request("get", "/"), queryString });
  return seen as RingRequest & Params;
}

describe("header injection", () => {
  const attack = "x\r\nSet-Cookie: admin=1\r\n\r\n<script>";

  /** What a client gets from a handler, and the code of the error that Express was handed. */
  async function sent(answer: () => RingResponse): Promise<{ code: unknown; raw: string }> {
    let code: unknown;
    const app = express().disable("x-powered-by");
    app.use(ring(pipe(answer, wrapCookies)));
    app.use(((error, _req, res, _next) => {
      code = (error as { code?: unknown }).code;
      res.status(500).end();
    }) satisfies ErrorRequestHandler);
    const server = app.listen(0);
    try {
      await once(server, "listening");
      const found = await fetch(`http://localhost:${(server.address() as AddressInfo).port}`, { redirect: "manual" });
      return { code, raw: `${JSON.stringify([...found.headers])}${await found.text()}` };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const ok = { status: 200, headers: {}, body: "" };
  it.each<[string, () => RingResponse]>([
    ["redirect", () => response.redirect(attack)],
    ["redirectAfterPost", () => response.redirectAfterPost(attack)],
    ["created", () => response.created(attack)],
    ["header's value", () => response.header(ok, "X", attack)],
    ["header's values", () => response.header(ok, "X", ["a", attack])],
    ["header's name", () => response.header(ok, attack, "a")],
    ["contentType", () => response.contentType(ok, attack)],
    ["charset", () => response.charset(response.contentType(ok, "text/html"), attack)],
    ["updateHeader", () => response.updateHeader(ok, "X", () => attack)],
    ["setCookie's path", () => response.setCookie(ok, "a", "b", { path: attack })],
    ["setCookie's domain", () => response.setCookie(ok, "a", "b", { domain: attack })],
    ["setCookie's expires", () => response.setCookie(ok, "a", "b", { expires: attack })],
  ])("by %s fails, and nothing of it is sent", async (_what, answer) => {
    const { code, raw } = await sent(answer);
    expect(code).toMatch(/^RING_(INVALID_RESPONSE|INVALID_COOKIE)$/);
    expect(raw).not.toMatch(/admin|script/);
  });

  it.each<[string, () => RingResponse]>([
    ["name", () => response.setCookie(ok, attack, "b")],
    ["value", () => response.setCookie(ok, "a", attack)],
  ])("by a cookie's %s is encoded", async (_what, answer) => {
    const { code, raw } = await sent(answer);
    expect(code).toBeUndefined();
    expect(raw).toContain("x%0D%0ASet-Cookie%3A+admin%3D1");
    expect(raw).not.toContain("<script>");
  });
});
