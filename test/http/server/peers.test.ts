/** Clients and a proxy that others have written, against one server. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request as ask } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import { type Server, startServer } from "../../../src/http/index.js";
import { describeWith, findProgram, nginxPath, pythonWith } from "../../needs.js";
import { certificate, openssl } from "../certificate.js";
import { everything, Nginx, run } from "./peer-programs.js";

jest.setTimeout(60_000);

const FILE = Buffer.alloc(3_000_000, "0123456789");
let folder = "";
let plain: Server;
let h2c: Server;
let tls: Server | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "express-ring-peers-"));
  writeFileSync(join(folder, "file"), FILE);
  plain = await startServer(everything, { port: 0 });
  h2c = await startServer(everything, { port: 0, httpVersions: ["http2", "http1"], useH2c: true });
  if (openssl === undefined) return;
  const made = certificate(openssl);
  writeFileSync(join(folder, "cert.pem"), made.cert);
  tls = await startServer(everything, { port: 0, httpVersions: ["http2", "http1"], sslContext: made });
});

afterAll(async () => {
  // None of the peers has left anything open.
  await Promise.all([plain.close(), h2c.close(), tls?.close()]);
  rmSync(folder, { recursive: true });
});

describeWith("curl", findProgram("curl"), "curl", (curl) => {
  const at = (server: Server | undefined, path: string): string =>
    `${server === tls ? "https" : "http"}://localhost:${(server as Server).port}${path}`;
  const get = (...args: readonly string[]): Promise<string> =>
    run(curl, "-sS", "--cacert", join(folder, "cert.pem"), ...args);
  const modes: readonly [string, () => Server | undefined, readonly string[], string][] = [
    ["HTTP/1.1", () => plain, [], "HTTP/1.1"],
    ["HTTP/1.0", () => plain, ["--http1.0"], "HTTP/1.0"],
    ["HTTP/2 that is known", () => h2c, ["--http2-prior-knowledge"], "HTTP/2.0"],
    ["HTTP/1.1 on a server of both", () => h2c, [], "HTTP/1.1"],
    ["HTTP/1.1 that offers HTTP/2", () => plain, ["--http2"], "HTTP/1.1"],
    ["HTTP/2 over TLS", () => tls, ["--http2"], "HTTP/2.0"],
    ["HTTP/1.1 over TLS", () => tls, ["--http1.1"], "HTTP/1.1"],
  ];

  it.each(modes)("reads answers of each kind over %s", async (_mode, server, args, protocol) => {
    expect(await get(...args, at(server(), "/hello"))).toBe(`hello ${protocol}`);
    expect(await get(...args, at(server(), "/large"))).toHaveLength(5_000_000);
    expect((await get(...args, at(server(), "/chunks/1000"))).split("\n")).toHaveLength(1001);
    expect(await get(...args, "-I", at(server(), "/hello"))).toMatch(/^HTTP\/[\d.]+ 200[^]*content-type: text\/plain/i);
    // curl 7.88 cannot use such a connection twice, with any server.
    if (args.includes("--http2-prior-knowledge")) return;
    const [jar, location] = [join(folder, "jar"), at(server(), "/redirect")];
    expect(await get(...args, "-L", "-c", jar, location)).toBe(`hello ${protocol}`);
    expect(await get(...args, "-b", jar, at(server(), "/cookies"))).toMatch(/^(a=1; ?b=2|b=2; ?a=1)$/);
    // Several on one connection.
    expect(await get(...args, at(server(), "/hello"), at(server(), "/chunks/2"))).toBe(`hello ${protocol}0\n1\n`);
  });

  it.each(modes)(
    "sends uploads over %s: with a length, in chunks, and after leave to send",
    async (_mode, server, args, protocol) => {
      const upload = `@${join(folder, "file")}`;
      const echo = at(server(), "/echo");
      const ways = [
        ["-H", "Expect:"],
        ["-H", "Expect: 100-continue"],
      ];
      if (protocol !== "HTTP/1.0") ways.push(["-H", "Transfer-Encoding: chunked", "-H", "Expect:"]);
      for (const way of ways) {
        expect((await get(...args, ...way, "--data-binary", upload, echo)) === FILE.toString()).toBe(true);
      }
      expect(await get(...args, "-d", "small", echo)).toBe("small");
    },
  );

  it("leaves in the middle of a stream, which ends", async () => {
    await expect(get("--max-time", "0.3", at(plain, "/ticks"))).rejects.toMatchObject({
      code: 28,
      stdout: expect.stringMatching(/tick\ntick\n/),
    });
  });
});

describeWith("nghttp", findProgram("nghttp"), "nghttp", (nghttp) => {
  it("reads and sends over HTTP/2", async () => {
    const url = `http://localhost:${h2c.port}`;
    expect(await run(nghttp, `${url}/hello`, `${url}/chunks/3`)).toMatch(
      /^(hello HTTP\/2.00\n1\n2\n|0\n1\n2\nhello HTTP\/2.0)$/,
    );
    expect(
      (await run(nghttp, "-d", join(folder, "file"), "-H", ":method: POST", `${url}/echo`)) === FILE.toString(),
    ).toBe(true);
  });

  it("finds nothing amiss in the frames of an answer", async () => {
    const told = await run(nghttp, "-nv", `http://localhost:${h2c.port}/large`);
    expect(told).toMatch(/:status: 200/);
    expect(told).not.toMatch(/RST_STREAM|error_code=(?!NO_ERROR)/);
  });
});

describeWith("h2load", findProgram("h2load"), "h2load", (h2load) => {
  it.each([
    ["HTTP/2", () => `http://localhost:${h2c.port}/hello`, []],
    ["HTTP/2 over TLS", () => `https://localhost:${tls?.port}/hello`, []],
    ["HTTP/1.1", () => `http://localhost:${plain.port}/hello`, ["--h1"]],
    ["bodies bit by bit", () => `http://localhost:${h2c.port}/chunks/100`, []],
  ] as const)("gets all its answers (%s)", async (_mode, url, args) => {
    const told = await run(h2load, "-n", "500", "-c", "10", "-m", "20", ...args, url());
    expect(told).toMatch(/500 total, 500 started, 500 done, 500 succeeded, 0 failed, 0 errored, 0 timeout/);
    expect(told).toMatch(/500 2xx, 0 3xx, 0 4xx, 0 5xx/);
  });
});

describeWith("nginx", nginxPath(), "nginx in front", (program) => {
  let nginx: Nginx | undefined;
  let connections = 0;
  let behind: Server;
  beforeAll(async () => {
    behind = await startServer(everything, { port: 0, onConnection: () => connections++ });
    nginx = await Nginx.start(program, behind.port);
  });
  afterAll(async () => {
    await nginx?.stop();
    await behind.close();
  });
  const at = (path: string): string => `http://127.0.0.1:${nginx?.port}${path}`;

  it("passes answers of each kind on, over connections that it keeps", async () => {
    for (let i = 0; i < 50; i++) expect(await (await fetch(at("/hello"))).text()).toBe("hello HTTP/1.1");
    expect(connections).toBeLessThan(10);
    expect(await (await fetch(at("/large"))).text()).toHaveLength(5_000_000);
    expect((await (await fetch(at("/chunks/1000"))).text()).split("\n")).toHaveLength(1001);
    expect(await (await fetch(at("/seen"))).text()).toBe("127.0.0.1 127.0.0.1");
    expect((await fetch(at("/nobody"))).status).toBe(204);
  });

  it("passes uploads on while they come", async () => {
    const response = await fetch(at("/echo"), { method: "POST", body: FILE });
    expect(Buffer.from(await response.arrayBuffer()).equals(FILE)).toBe(true);
    const request = ask({ port: nginx?.port, host: "127.0.0.1", path: "/echo", method: "POST", agent: new Agent() });
    request.write("first");
    const [answer] = (await once(request, "response")) as [NodeJS.ReadableStream];
    const [piece] = (await once(answer, "data")) as [Buffer];
    expect(piece.toString()).toBe("first");
    request.end();
    await buffer(answer as never);
  });

  it("passes bits on when they come, and the client's leaving too", async () => {
    const reader = ((await fetch(at("/ticks"))).body as ReadableStream<Uint8Array>).getReader();
    for (let i = 0; i < 3; i++)
      expect(Buffer.from((await reader.read()).value as Uint8Array).toString()).toMatch(/^(tick\n)+$/);
    await reader.cancel();
  });

  it("passes websockets on", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${nginx?.port}/socket`);
    await once(socket, "open");
    for (const message of ["hello", "x".repeat(100_000)]) {
      socket.send(message);
      const [data] = (await once(socket, "message")) as [Buffer];
      expect(data.toString()).toBe(message);
    }
    socket.close();
    await once(socket, "close");
  });
});

/** Says OK for each client that finds what it expects. */
const PYTHON = `
import sys, requests, httpx
plain, h2c, tls, cert, path = sys.argv[1:]
data = open(path, "rb").read()
def chunks():
    for i in range(0, len(data), 100000): yield data[i:i + 100000]
with requests.Session() as s:
    assert s.get(plain + "/hello").text == "hello HTTP/1.1"
    assert len(s.get(plain + "/large").content) == 5000000
    assert s.post(plain + "/echo", data=data).content == data
    assert s.post(plain + "/echo", data=chunks()).content == data
    r = s.get(plain + "/redirect")
    assert r.text == "hello HTTP/1.1" and s.cookies.get_dict() == {"a": "1", "b": "2"}
    with s.get(plain + "/ticks", stream=True) as r: assert next(r.iter_lines()) == b"tick"
    print("requests OK")
for name, base, options in [("httpx", plain, {}), ("httpx-h2c", h2c, {"http1": False, "http2": True}), ("httpx-tls", tls, {"http2": True, "verify": cert})]:
    with httpx.Client(**options) as c:
        r = c.get(base + "/hello")
        assert r.text == "hello " + ("HTTP/2.0" if options else "HTTP/1.1"), r.text
        assert len(c.get(base + "/large").content) == 5000000
        assert c.post(base + "/echo", content=data).content == data
        assert c.post(base + "/echo", content=chunks()).content == data
        with c.stream("GET", base + "/ticks") as r: assert next(r.iter_lines()).strip() == "tick"
        print(name, "OK")
`;

describeWith("python3 with requests and httpx", pythonWith("requests", "httpx", "h2"), "Python's clients", (python) => {
  it("read and send over HTTP/1 and HTTP/2", async () => {
    const [certificatePath, path] = [join(folder, "cert.pem"), join(folder, "file")];
    const urls = [`http://localhost:${plain.port}`, `http://localhost:${h2c.port}`, `https://localhost:${tls?.port}`];
    const told = await run(python, "-c", PYTHON, ...urls, certificatePath, path);
    expect(told).toBe("requests OK\nhttpx OK\nhttpx-h2c OK\nhttpx-tls OK\n");
  });
});
