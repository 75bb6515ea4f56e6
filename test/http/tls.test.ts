import { createServer as createH2cServer, createSecureServer, type Http2Server } from "node:http2";
import { createServer } from "node:https";
import { expect, it } from "@jest/globals";
import * as http from "../../src/http/index.js";
import { describeWith } from "../needs.js";
import { certificate, openssl } from "./certificate.js";
import { afterThisTest, gate, listen, pool, serve, textOf } from "./servers.js";

describeWith("openssl", openssl, "over TLS", (program) => {
  const trusted = () => ({ sslContext: { ca: certificate(program).cert } });
  const secure = () =>
    listen(
      createServer(certificate(program), (_req, res) => res.end("secret")),
      "https",
      "secureConnection",
    );

  it("get answers from a server whose certificate is trusted", async () => {
    const { url } = await secure();
    const { body } = await http.get(url, { pool: pool({ connectionOptions: trusted() }), as: "string" });
    expect(body).toBe("secret");
  });

  it("get rejects a certificate that nobody vouches for, unless insecure says so", async () => {
    const { url } = await secure();
    await expect(http.get(url, { pool: pool() })).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    const insecure = pool({ connectionOptions: { insecure: true } });
    expect(await http.get(url, { pool: insecure, as: "string" })).toMatchObject({ body: "secret" });
  });

  it("get rejects the certificate of another host, unless the name is not checked", async () => {
    const { port } = await secure();
    const url = `https://other.example:${port}`;
    const dnsResolver = () => ["127.0.0.1"];
    const strict = pool({ dnsResolver, connectionOptions: trusted() });
    await expect(http.get(url, { pool: strict })).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    const lax = pool({ dnsResolver, connectionOptions: { ...trusted(), sslEndpointIdAlg: null } });
    expect(await http.get(url, { pool: lax, as: "string" })).toMatchObject({ body: "secret" });
  });

  it("redirects do not lead to plain HTTP, unless that is allowed", async () => {
    const plain = await serve((_req, res) => res.end("plain"));
    const { url } = await listen(
      createServer(certificate(program), (_req, res) => res.writeHead(302, { location: plain.url }).end()),
      "https",
    );
    const options = { pool: pool({ connectionOptions: trusted() }), as: "string" } as const;
    await expect(http.get(url, options)).rejects.toMatchObject({ code: "RING_REDIRECT" });
    expect(await http.get(url, { ...options, allowInsecureRedirects: true })).toMatchObject({ body: "plain" });
  });

  it("cookies that are secure are sent, and not over plain HTTP", async () => {
    const cookieStore = http.inMemoryCookieStore([
      { name: "a", value: "1", domain: "127.0.0.1", hostOnly: true, secure: true },
    ]);
    const plain = await serve((req, res) => res.end(req.headers.cookie ?? "none"));
    expect(await http.get(plain.url, { pool: pool(), cookieStore, as: "string" })).toMatchObject({ body: "none" });
    const { url } = await listen(
      createServer(certificate(program), (req, res) => res.end(req.headers.cookie ?? "none")),
      "https",
    );
    const options = { pool: pool({ connectionOptions: trusted() }), cookieStore, as: "string" } as const;
    expect(await http.get(url, options)).toMatchObject({ body: "a=1" });
  });

  const h2 = (server: Http2Server, scheme: string) => {
    const sessions = new Set<{ destroy(): void }>();
    let count = 0;
    server.on("session", (session) => {
      count++;
      sessions.add(session);
    });
    afterThisTest(() => {
      for (const session of sessions) session.destroy();
    });
    return listen(server as never, scheme).then((running) => ({ ...running, sessions: () => count }));
  };

  it("requests share one connection of HTTP/2", async () => {
    const server = createSecureServer(
      certificate(program),
      async (req, res) => void res.end(`${req.httpVersion} ${await textOf(req)}`),
    );
    const { url, sessions } = await h2(server as never, "https");
    const both = pool({ connectionsPerHost: 1, connectionOptions: { ...trusted(), httpVersions: ["http2", "http1"] } });
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, index) => http.post(url, { pool: both, body: `${index}`, as: "string" })),
    );
    expect(responses.map(({ body }) => body)).toEqual(Array.from({ length: 20 }, (_, index) => `2.0 ${index}`));
    expect(responses[0]).toMatchObject({ protocolVersion: "HTTP/2.0", status: 200 });
    expect(sessions()).toBe(1);
  });

  it("a cancelled request of HTTP/2 leaves the others alone", async () => {
    const arrived = gate();
    const answer = gate();
    const server = createSecureServer(certificate(program), async (req, res) => {
      if (req.url === "/never") {
        arrived.open();
        return;
      }
      await answer.opened;
      res.end("other");
    });
    const { url, sessions } = await h2(server as never, "https");
    const one = pool({ connectionsPerHost: 1, connectionOptions: { ...trusted(), httpVersions: ["http2"] } });
    const never = http.get(`${url}/never`, { pool: one });
    const other = http.get(`${url}/other`, { pool: one, as: "string" });
    await arrived.opened;
    http.cancelRequest(never);
    answer.open();
    await expect(never).rejects.toMatchObject({ code: "RING_REQUEST_CANCELLED" });
    expect(await other).toMatchObject({ body: "other" });
    expect(await http.get(`${url}/next`, { pool: one, as: "string" })).toMatchObject({ body: "other" });
    expect(sessions()).toBe(1);
  });

  it("a server that knows HTTP/1 only is spoken to in HTTP/1", async () => {
    const { url } = await secure();
    const two = pool({ connectionOptions: { ...trusted(), httpVersions: ["http2", "http1"] } });
    expect(await http.get(url, { pool: two, as: "string" })).toMatchObject({
      protocolVersion: "HTTP/1.1",
      body: "secret",
    });
  });

  it("forceH2c speaks HTTP/2 without it", async () => {
    const { url } = await h2(
      createH2cServer((req, res) => void res.end(req.httpVersion)),
      "http",
    );
    const plain = pool({ connectionOptions: { httpVersions: ["http2"], forceH2c: true } });
    expect(await http.get(url, { pool: plain, as: "string" })).toMatchObject({ body: "2.0" });
  });
});
