import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { pool, serve, textOf } from "./servers.js";

const hash = (kind: string, ...parts: string[]) => createHash(kind).update(parts.join(":")).digest("hex");

/** A server that wants user "Mufasa" with "Circle of Life", as RFC 7616 tells. */
function guarded(kind: string, algorithm: string, qop = ', qop="auth, auth-int"') {
  return serve(async (req, res) => {
    const body = await textOf(req);
    const given = new Map(
      [...(req.headers.authorization ?? "").matchAll(/(\w+)=(?:"([^"]*)"|([^,]+))/g)].map(([, name = "", a, b]) => [
        name,
        a ?? b ?? "",
      ]),
    );
    const get = (name: string) => given.get(name) ?? "";
    const plain = hash(kind, "Mufasa", "a realm", "Circle of Life");
    const secret = algorithm.endsWith("-sess") ? hash(kind, plain, "nonce", get("cnonce")) : plain;
    const vouched = qop.includes('"auth-int"') ? "auth-int" : "auth";
    const entity = vouched === "auth-int" ? [hash(kind, body)] : [];
    const asked = hash(kind, req.method ?? "", req.url ?? "", ...entity);
    const expected =
      qop === ""
        ? hash(kind, secret, "nonce", asked)
        : hash(kind, secret, "nonce", get("nc"), get("cnonce"), vouched, asked);
    if (get("response") === expected && get("uri") === req.url && get("opaque") === "o") res.end("welcome");
    else {
      const challenge = `Digest realm="a realm", nonce="nonce", opaque="o", algorithm=${algorithm}${qop}`;
      res.writeHead(401, { "www-authenticate": ['Basic realm="b"', challenge] }).end("who?");
    }
  });
}

describe("digestAuth", () => {
  const digestAuth = ["Mufasa", "Circle of Life"] as const;

  it.each([
    ["md5", "MD5", undefined],
    ["md5", "MD5", ""],
    ["md5", "MD5-sess", undefined],
    ["sha256", "SHA-256", undefined],
    ["sha512", "SHA-512", undefined],
    ["sha512-256", "SHA-512-256-sess", undefined],
    ["md5", "MD5", ', qop="auth-int"'],
  ] as const)("answers a challenge of %s: %s %s", async (kind, algorithm, qop) => {
    const { url } = await guarded(kind, algorithm, qop);
    const options = { pool: pool(), digestAuth, queryParams: { q: "a b" }, as: "string" } as const;
    expect(await http.get(`${url}/path`, options)).toMatchObject({ body: "welcome" });
    expect(await http.post(`${url}/path`, { ...options, body: "again" })).toMatchObject({ body: "welcome" });
    const form = { method: "post", formParams: { a: { b: "ü" } } } as const;
    expect(await http.request({ ...options, ...form, url })).toMatchObject({ body: "welcome" });
  });

  it("does not vouch for a body that is not at hand", async () => {
    const { url } = await guarded("md5", "MD5", ', qop="auth-int"');
    const posted = http.post(url, { pool: pool(), digestAuth, body: new Blob(["a"]), as: "string" });
    await expect(posted).rejects.toMatchObject({ status: 401, body: "who?" });
  });

  it("answers once, and gives up", async () => {
    const { url } = await guarded("md5", "MD5");
    const wrong = http.get(url, { pool: pool(), digestAuth: ["Mufasa", "wrong"], as: "string" });
    await expect(wrong).rejects.toMatchObject({ status: 401, body: "who?" });
  });

  it("has no answer to algorithms it does not know", async () => {
    const { url } = await guarded("md5", "MD4");
    await expect(http.get(url, { pool: pool(), digestAuth })).rejects.toMatchObject({ status: 401 });
  });
});
