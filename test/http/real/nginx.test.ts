/** The client against nginx: connections that are kept and closed, TLS, HTTP/2, uploads that are refused, a proxy before faults. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as http from "../../../src/http/index.js";
import { buffersInUse } from "../../garbage.js";
import { describeWith, nginxPath } from "../../needs.js";
import { openssl } from "../certificate.js";
import { pool, textOf } from "../servers.js";
import { type Authority, makeAuthority } from "./authority.js";
import { type NginxPlace, type Started, startNginx } from "./servers.js";

const HUNDRED_MEGABYTES = 100_000_000;
const TEN_MEGABYTES = 10_000_000;

/** What stands behind nginx, and misbehaves by path. */
const upstream: RequestListener = (req, res) => {
  switch (req.url) {
    case "/short":
      res.writeHead(200, { "content-length": 1000 }).write("beginning", () => res.destroy());
      return;
    case "/cut":
      res.write("beginning", () => res.destroy());
      return;
    case "/reset":
      req.socket.resetAndDestroy();
      return;
    case "/large":
      res.writeHead(200, { "x-large": "x".repeat(50_000) }).end("large");
      return;
    case "/slow":
      return;
    default:
      req.pipe(res);
  }
};

const files = {
  "plain.txt": "plain",
  "ready.txt.gz": gzipSync("ready made"),
  "repeated.html": "<p>again</p>".repeat(1000),
};

describeWith("nginx", nginxPath(), "nginx", (program) => {
  if (openssl === undefined) throw new Error("these tests need openssl too");
  const maker = openssl;
  let authority: Authority;
  let behind: Server;
  let server: Started;
  let url = "";
  const places = { hasty: "", secure: "", expired: "", named: "", leaving: "" };

  const config = ({ ports, folder, write }: NginxPlace): string => {
    const secured = (name: string, { key, cert }: { readonly key: string; readonly cert: string }): string =>
      `ssl_certificate ${write(`${name}.pem`, cert)}; ssl_certificate_key ${write(`${name}.key`, key)};`;
    for (const [name, content] of Object.entries(files)) write(name, content);
    write("large.bin", "");
    truncateSync(join(folder, "large.bin"), HUNDRED_MEGABYTES);
    mkdirSync(join(folder, "uploads"));
    const [plain, hasty, secure, expired, named, leaving] = ports;
    const up = `http://127.0.0.1:${(behind.address() as AddressInfo).port}`;
    const known = `location = /connection { return 200 "$connection $connection_requests $server_protocol"; }`;
    const uploads = `location /uploads/ { dav_methods PUT DELETE; client_max_body_size 0; }`;
    return `
      types { text/html html; text/plain txt; }
      server {
        listen 127.0.0.1:${plain};
        ${known} ${uploads}
        location = /ready.txt { gzip_static always; }
        location = /repeated.html { gzip on; gzip_min_length 1; gzip_http_version 1.0; }
        location = /limited.bin { alias ${folder}/large.bin; limit_rate 200k; }
        location = /secure { return 301 https://127.0.0.1:${secure}/connection; }
        location = /long { return 200 "$http_x_long"; }
        location /up/ {
          proxy_pass ${up}/; proxy_http_version 1.1; proxy_set_header connection ""; proxy_buffering off;
          proxy_request_buffering off; proxy_read_timeout 200ms; proxy_buffer_size 128k; proxy_buffers 4 128k;
          client_max_body_size 0;
        }
        location = /small { client_max_body_size 1k; proxy_pass ${up}/echo; proxy_http_version 1.1; }
      }
      server { listen 127.0.0.1:${hasty}; keepalive_timeout 20ms; ${known} }
      server {
        listen 127.0.0.1:${secure} ssl http2; ${secured("server", authority.issue("localhost"))}
        ssl_client_certificate ${write("ca.pem", authority.ca)}; ssl_verify_client optional;
        ${known} ${uploads}
        location = /client { return 200 "$ssl_client_verify $ssl_client_s_dn"; }
        location = /small { client_max_body_size 1k; proxy_pass ${up}/echo; proxy_http_version 1.1; }
        location /up/ {
          proxy_pass ${up}/; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;
          client_max_body_size 0;
        }
      }
      server { listen 127.0.0.1:${expired} ssl; ${secured("expired", authority.issue("localhost", undefined, true))} ${known} }
      server { listen 127.0.0.1:${named} ssl; ${secured("named", authority.issue("other", "DNS:other.test"))} ${known} }
      server {
        listen 127.0.0.1:${leaving} ssl http2; ${secured("few", authority.issue("localhost"))}
        keepalive_requests 5; http2_max_concurrent_streams 3; ${known}
      }`;
  };

  beforeAll(async () => {
    authority = makeAuthority(maker);
    behind = createServer(upstream);
    await new Promise<void>((resolve) => behind.listen(0, "127.0.0.1", resolve));
    server = await startNginx(program, config, 6);
    const [plain, hasty, secure, expired, named, leaving] = server.ports;
    url = `http://127.0.0.1:${plain}`;
    Object.assign(places, {
      hasty: `http://127.0.0.1:${hasty}`,
      secure: `https://127.0.0.1:${secure}`,
      expired: `https://127.0.0.1:${expired}`,
      named: `https://127.0.0.1:${named}`,
      leaving: `https://127.0.0.1:${leaving}`,
    });
  });

  afterAll(async () => {
    await (server as Started | undefined)?.stop();
    behind.closeAllConnections();
    await new Promise((resolve) => behind.close(resolve));
    authority.remove();
  });

  const trusting = (rest: http.ConnectionOptions = {}, options: http.PoolOptions = {}) =>
    pool({ ...options, connectionOptions: { sslContext: { ca: authority.ca }, ...rest } });
  const both = (options: http.PoolOptions = {}) => trusting({ httpVersions: ["http2", "http1"] }, options);

  async function text(path: string, options: http.RequestOptions = {}): Promise<string> {
    const { body } = await http.request({ pool: pool(), method: "get", ...options, url: path, as: "string" });
    return body;
  }

  async function failure(path: string, options: http.RequestOptions = {}): Promise<http.StatusError> {
    const response = http.request({ pool: pool(), method: "get", as: "string", ...options, url: path });
    return Promise.resolve(response).then(
      () => "nothing" as never,
      (error: http.StatusError) => error,
    );
  }

  describe("a connection", () => {
    it("is used again, and counted", async () => {
      const one = pool({ connectionsPerHost: 1 });
      const seen: string[] = [];
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      for (let count = 0; count < 5; count++) seen.push(await text(`${url}/connection`, { pool: one }));
      const [first = ""] = (seen[0] as string).split(" ");
      expect(seen).toEqual([1, 2, 3, 4, 5].map((count) => `${first} ${count} HTTP/1.1`));
    });

    // Test idea 107.
    it("that the server closes as the next request comes costs nobody an answer", async () => {
      const one = pool({ connectionsPerHost: 1 });
      const connections = new Set<string>();
      for (let count = 0; count < 150; count++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const answer = await text(`${places.hasty}/connection`, { pool: one });
        connections.add(answer.split(" ")[0] as string);
        // Now it is just before the end of the 20 milliseconds, now just after it.
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await new Promise((resolve) => setTimeout(resolve, 17 + (count % 7)));
      }
      expect(connections.size).toBeGreaterThan(10);
    });

    it("is not kept without keepAlive", async () => {
      const one = pool({ connectionOptions: { keepAlive: false } });
      expect(await text(`${url}/connection`, { pool: one })).toMatch(/^\d+ 1 /);
      expect(await text(`${url}/connection`, { pool: one })).toMatch(/^\d+ 1 /);
    });
  });

  describe("TLS", () => {
    it("is trusted by its authority", async () => {
      expect(await text(`${places.secure}/connection`, { pool: trusting() })).toMatch(/^\d+ 1 HTTP\/1.1$/);
    });

    it.each([
      ["of an unknown authority", "secure", {}, /^(?:UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT)/],
      ["that has expired", "expired", undefined, "CERT_HAS_EXPIRED"],
      // Test idea 56.
      ["of another name", "named", undefined, "ERR_TLS_CERT_ALTNAME_INVALID"],
    ] as const)("refuses a certificate %s", async (_what, place, sslContext, code) => {
      const one = sslContext === undefined ? trusting() : trusting({ sslContext });
      const error = await failure(`${places[place]}/connection`, { pool: one });
      expect(error).toMatchObject({ code: typeof code === "string" ? code : expect.stringMatching(code) });
      expect(one.inUse).toEqual({});
      const insecure = trusting({ insecure: true });
      expect(await text(`${places[place]}/connection`, { pool: insecure })).toMatch(/^\d+ 1 /);
    });

    it("is trusted with another name if names are not checked, or under that name", async () => {
      const lax = trusting({ sslEndpointIdAlg: null });
      expect(await text(`${places.named}/connection`, { pool: lax })).toMatch(/^\d+ 1 /);
      const dnsResolver = () => ["127.0.0.1"];
      const named = trusting({}, { dnsResolver });
      const target = places.named.replace("127.0.0.1", "other.test");
      expect(await text(`${target}/connection`, { pool: named })).toMatch(/^\d+ 1 /);
    });

    it("shows a client certificate", async () => {
      const mine = authority.issue("client 7", "DNS:client");
      const known = trusting({ sslContext: { ca: authority.ca, ...mine } });
      expect(await text(`${places.secure}/client`, { pool: known })).toBe("SUCCESS CN=client 7");
      expect(await text(`${places.secure}/client`, { pool: trusting() })).toBe("NONE ");
    });

    it("refuses a client certificate of an unknown authority", async () => {
      const stranger = makeAuthority(maker);
      const theirs = stranger.issue("stranger", "DNS:client");
      stranger.remove();
      const unknown = trusting({ sslContext: { ca: authority.ca, ...theirs } });
      expect(await failure(`${places.secure}/client`, { pool: unknown })).toMatchObject({
        status: 400,
        body: expect.stringContaining("SSL certificate error"),
      });
    });

    it("is where plain HTTP leads to", async () => {
      const response = await http.get(`${url}/secure`, { pool: trusting(), as: "string" });
      expect(response.traceRedirects).toEqual([`${places.secure}/connection`]);
      expect(await failure(`${url}/secure`, { pool: pool() })).toMatchObject({
        code: expect.stringMatching(/CERT|SIGN/),
      });
    });

    it("is not what a plain request speaks", async () => {
      expect(await failure(places.secure.replace("https", "http"))).toMatchObject({
        status: 400,
        body: expect.stringContaining("plain HTTP request was sent to HTTPS port"),
      });
    });
  });

  describe("HTTP/2", () => {
    it("is spoken where both know it, over one connection", async () => {
      const one = both({ connectionsPerHost: 1 });
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => text(`${places.secure}/connection`, { pool: one })),
      );
      expect(new Set(answers.map((answer) => answer.split(" ")[0])).size).toBe(1);
      expect(answers.every((answer) => answer.endsWith("HTTP/2.0"))).toBe(true);
    });

    it("is not spoken to a server that does not", async () => {
      const lax = trusting({ httpVersions: ["http2", "http1"], insecure: true });
      expect(await text(`${places.expired}/connection`, { pool: lax })).toMatch(/HTTP\/1.1$/);
    });

    it("survives a server that sends GOAWAY after each five requests, and takes three at a time", async () => {
      const one = both({ connectionsPerHost: 2 });
      const connections = new Set<string>();
      for (let round = 0; round < 10; round++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const answers = await Promise.all(
          Array.from({ length: 4 }, () => text(`${places.leaving}/connection`, { pool: one })),
        );
        for (const answer of answers) connections.add(answer.split(" ")[0] as string);
      }
      expect(connections.size).toBeGreaterThanOrEqual(8);
    });
  });

  describe("files", () => {
    it("that are compressed already are decoded", async () => {
      const response = await http.get(`${url}/ready.txt`, { pool: pool(), as: "string" });
      expect(response).toMatchObject({ body: "ready made", origContentEncoding: "gzip" });
      const raw = await http.get(`${url}/ready.txt`, { pool: pool(), as: "byteArray", decompressBody: false });
      expect(gunzipSync(raw.body).toString()).toBe("ready made");
    });

    it("that are compressed on the way are decoded", async () => {
      const response = await http.get(`${url}/repeated.html`, { pool: pool(), as: "string" });
      expect(response).toMatchObject({ body: files["repeated.html"], origContentEncoding: "gzip" });
      expect(await text(`${url}/repeated.html`, { decompressBody: false })).toBe(files["repeated.html"]);
    });

    it("are had in part, and not at all if they have not changed", async () => {
      const part = await http.get(`${url}/plain.txt`, { pool: pool(), headers: { range: "bytes=1-3" }, as: "string" });
      expect(part).toMatchObject({ status: 206, body: "lai", headers: { "content-range": "bytes 1-3/5" } });
      const { headers } = await http.head(`${url}/plain.txt`, { pool: pool() });
      expect(headers["content-length"]).toBe("5");
      const known = { "if-none-match": headers["etag"] as string };
      const again = await http.get(`${url}/plain.txt`, { pool: pool(), headers: known, as: "string" });
      expect(again).toMatchObject({ status: 304, body: "" });
    });

    it("that are not there are an error with nginx's page", async () => {
      expect(await failure(`${url}/none`)).toMatchObject({ status: 404, body: expect.stringContaining("nginx") });
    });
  });

  describe("a large download", () => {
    it.each([
      ["HTTP/1.1", () => pool()],
      ["HTTP/2", () => both()],
    ])(
      "of 100 MB over %s takes little memory",
      async (version, makePool) => {
        const place = version === "HTTP/2" ? places.secure : url;
        const { body, protocolVersion } = await http.get(`${place}/large.bin`, { pool: makePool() });
        expect(protocolVersion.startsWith(version)).toBe(true);
        let bytes = 0;
        let measured = TEN_MEGABYTES;
        let most = 0;
        const before = buffersInUse();
        for await (const chunk of body) {
          bytes += (chunk as Buffer).length;
          if (bytes < measured) continue;
          measured += TEN_MEGABYTES;
          most = Math.max(most, buffersInUse() - before);
        }
        expect(bytes).toBe(HUNDRED_MEGABYTES);
        expect(most).toBeLessThan(TEN_MEGABYTES);
      },
      60_000,
    );

    it("at a limited rate tells its progress, and fails if it takes too long", async () => {
      const seen: http.Progress[] = [];
      const one = pool({ connectionsPerHost: 1 });
      const options = { pool: one, readTimeout: 600, onProgress: (progress: http.Progress) => seen.push(progress) };
      const { body } = await http.get(`${url}/limited.bin`, options);
      await expect(finished(body.resume())).rejects.toMatchObject({ code: "RING_READ_TIMEOUT" });
      expect(seen[0]).toMatchObject({ direction: "download", total: HUNDRED_MEGABYTES });
      expect(seen.at(-1)?.bytes).toBeGreaterThan(100_000);
      expect(seen.at(-1)?.bytes).toBeLessThan(1_000_000);
      expect(await text(`${url}/plain.txt`, { pool: one })).toBe("plain");
    });

    it("that is left in the middle does not keep its connection", async () => {
      const one = pool({ connectionsPerHost: 1 });
      const response = await http.get(`${url}/large.bin`, { pool: one });
      for await (const _ of response.body) break;
      expect(await text(`${url}/plain.txt`, { pool: one })).toBe("plain");
    });
  });

  describe("a large upload", () => {
    const sizes = [1000, 65_536, 1_000_003];
    const versions = ["HTTP/1.1", "HTTP/2"];

    it.each(versions.flatMap((version) => sizes.map((size) => [version, size] as const)))(
      "of 10 MB over %s, in pieces of %i bytes, arrives as it is",
      async (version, size) => {
        const hash = createHash("sha1");
        function* pieces(): Generator<Uint8Array> {
          for (let left = TEN_MEGABYTES, at = 0; left > 0; left -= size, at++) {
            const piece = Buffer.alloc(Math.min(size, left), at);
            hash.update(piece);
            yield piece;
          }
        }
        const [place, one] = version === "HTTP/2" ? [places.secure, both()] : [url, pool()];
        const response = await http.put(`${place}/uploads/ten.bin`, { pool: one, body: pieces(), as: "string" });
        expect([201, 204]).toContain(response.status);
        const path = join(server.folder, "uploads/ten.bin");
        expect(createHash("sha1").update(readFileSync(path)).digest("hex")).toBe(hash.digest("hex"));
        expect((await http.delete(`${place}/uploads/ten.bin`, { pool: one })).status).toBe(204);
      },
    );

    it.each(versions)(
      "of 100 MB over %s takes little memory",
      async (version) => {
        const before = buffersInUse();
        let most = 0;
        function* pieces(): Generator<Uint8Array> {
          for (let count = 0; count < 1600; count++) {
            if (count % 160 === 0) most = Math.max(most, buffersInUse() - before);
            yield Buffer.alloc(62_500, count);
          }
        }
        const [place, one] = version === "HTTP/2" ? [places.secure, both()] : [url, pool()];
        await http.put(`${place}/uploads/hundred.bin`, { pool: one, body: pieces(), as: "string" });
        const path = join(server.folder, "uploads/hundred.bin");
        expect(statSync(path).size).toBe(HUNDRED_MEGABYTES);
        rmSync(path);
        expect(most).toBeLessThan(TEN_MEGABYTES);
      },
      60_000,
    );

    it.each([
      ["of bytes", () => Buffer.alloc(TEN_MEGABYTES)],
      ["of pieces", () => Array.from({ length: 1000 }, () => Buffer.alloc(10_000)).values()],
    ])("%s that is refused before its end fails with the answer", async (_kind, body) => {
      const one = pool({ connectionsPerHost: 1 });
      for (let count = 0; count < 5; count++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await failure(`${url}/small`, { pool: one, method: "post", body: body() })).toMatchObject({
          code: "RING_STATUS",
          status: 413,
          body: expect.stringContaining("413"),
        });
      }
      expect(await text(`${url}/plain.txt`, { pool: one })).toBe("plain");
    });

    it("that is refused over HTTP/2 fails with the answer", async () => {
      const one = both({ connectionsPerHost: 1 });
      for (let count = 0; count < 5; count++) {
        const options = { pool: one, method: "post", body: Buffer.alloc(TEN_MEGABYTES) };
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await failure(`${places.secure}/small`, options)).toMatchObject({ code: "RING_STATUS", status: 413 });
      }
      expect(await text(`${places.secure}/connection`, { pool: one })).toMatch(/HTTP\/2.0$/);
    });
  });

  describe("as a proxy", () => {
    // Test idea 105, 106.
    it.each(["short", "cut"])("tells that the answer of what is behind it was cut off: /%s", async (path) => {
      const one = pool({ connectionsPerHost: 1 });
      const response = await http.get(`${url}/up/${path}`, { pool: one });
      expect(response.status).toBe(200);
      await expect(textOf(response.body)).rejects.toMatchObject({ code: "RING_CONNECTION_CLOSED" });
      expect(await failure(`${url}/up/${path}`, { pool: one })).toMatchObject({ code: "RING_CONNECTION_CLOSED" });
      expect(await text(`${url}/plain.txt`, { pool: one })).toBe("plain");
    });

    it.each(["short", "cut"])("tells it over HTTP/2 too, of that stream only: /%s", async (path) => {
      const one = both({ connectionsPerHost: 1 });
      const [error, other] = await Promise.all([
        failure(`${places.secure}/up/${path}`, { pool: one }),
        text(`${places.secure}/connection`, { pool: one }),
      ]);
      expect(error).toMatchObject({ code: "RING_CONNECTION_CLOSED" });
      expect(other).toMatch(/HTTP\/2.0$/);
    });

    it.each([
      ["slow", 504],
      ["reset", 502],
    ])("answers for what is /%s with %i", async (path, status) => {
      expect(await failure(`${url}/up/${path}`)).toMatchObject({ code: "RING_STATUS", status });
    });

    it("lets an upload through as it comes, and its echo", async () => {
      const pieces = Array.from({ length: 100 }, (_, index) => Buffer.alloc(10_000, index));
      const { body } = await http.post(`${url}/up/echo`, { pool: pool(), body: pieces.values(), as: "byteArray" });
      expect(Buffer.compare(body, Buffer.concat(pieces))).toBe(0);
    });

    it("lets large headers through, both ways", async () => {
      const large = await http.get(`${url}/up/large`, { pool: pool(), as: "string" });
      expect(large.headers["x-large"]).toHaveLength(50_000);
      const strict = pool({ connectionOptions: { maxHeaderSize: 16_384 } });
      expect(await failure(`${url}/up/large`, { pool: strict })).toMatchObject({
        code: "RING_RESPONSE_HEAD_TOO_LARGE",
      });
      expect(await text(`${url}/plain.txt`, { pool: strict })).toBe("plain");
      const long = "x".repeat(7000);
      expect(await text(`${url}/long`, { headers: { "x-long": long } })).toBe(long);
      expect(await failure(`${url}/long`, { headers: { "x-long": long.repeat(3) } })).toMatchObject({ status: 400 });
    });
  });
});
