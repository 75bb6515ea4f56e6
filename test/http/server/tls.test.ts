import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { request as send } from "node:https";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect, createSecureContext, createServer } from "node:tls";
import { expect, it, jest } from "@jest/globals";
import { ringRequestSslSession, type ServerOptions, type SslContext } from "../../../src/http/index.js";
import type { Handler } from "../../../src/ring/types.js";
import { describeWith } from "../../needs.js";
import { exchangeRaw, get } from "../../raw-client.js";
import { certificate, openssl } from "../certificate.js";
import { started } from "./start.js";

const fixture = (name: string): string =>
  readFileSync(new URL(`../../message/certificates/${name}.pem`, import.meta.url), "utf8");
/** A certificate of a client that vouches for itself. */
const client = { cert: fixture("client"), key: fixture("client-key") };

const who: Handler = (request) => ({
  body: `${request.protocol} ${request.scheme} ${String(request.sslClientCert?.subject.CN ?? "nobody")}`,
});

/** Asks over HTTP/1. */
async function asked(port: number, options: ConnectionOptions = {}): Promise<string> {
  const request = send({ port, host: "localhost", rejectUnauthorized: false, agent: false, ...options });
  request.end();
  const [response] = await once(request, "response");
  return text(response);
}

async function asked2(session: ClientHttp2Session): Promise<string> {
  try {
    return await text(session.request({ ":path": "/" }));
  } finally {
    session.close();
  }
}

describeWith("openssl", openssl, "startServer over TLS", (program) => {
  const own = certificate(program);
  const secure = (context: Partial<SslContext> = {}, options: Partial<ServerOptions> = {}, handler: Handler = who) =>
    started(handler, { sslContext: { ...own, ...context }, ...options });

  it("serves https, and says so", async () => {
    const server = await secure();
    expect(await asked(server.port)).toBe("HTTP/1.1 https nobody");
    expect(server.toString()).toMatch(/^Server \(https:\/\//);
  });

  it("shows the client's certificate where it asks for one, by the session of the request too (55)", async () => {
    const seen: unknown[] = [];
    const handler: Handler = (request) => {
      const session = ringRequestSslSession(request);
      seen.push(session?.getProtocol(), session?.getPeerCertificate().subject?.CN);
      return who(request);
    };
    const { port } = await secure({ clientAuth: "optional", ca: client.cert }, {}, handler);
    const [, protocol, name] = [await asked(port, client), ...seen];
    expect(protocol).toMatch(/^TLSv1/);
    expect(await asked(port, client)).toBe(`HTTP/1.1 https ${String(name)}`);
    expect(await asked(port)).toBe("HTTP/1.1 https nobody");
  });

  it("has no session on plain HTTP (55)", async () => {
    const { port } = await started((request) => ({
      body: ringRequestSslSession(request) === undefined ? "none" : "some",
    }));
    expect(await (await fetch(`http://localhost:${port}/`)).text()).toBe("none");
  });

  it.each([
    ["require", undefined],
    ["require", "a foreign one"],
    ["optional", "a foreign one"],
  ] as const)("hangs up on a client whose certificate is not what it asks for: %s, %s", async (clientAuth, shown) => {
    const handler = jest.fn(who);
    const { port } = await secure({ clientAuth, ca: client.cert }, {}, handler);
    await expect(asked(port, shown === undefined ? {} : own)).rejects.toMatchObject({ code: expect.any(String) });
    expect(handler).not.toHaveBeenCalled();
  });

  it("takes a required certificate", async () => {
    const { port } = await secure({ clientAuth: "require", ca: client.cert });
    expect(await asked(port, client)).toMatch(/^HTTP\/1.1 https (?!nobody)/);
  });

  it("makes a plain request fail, and goes on (55)", async () => {
    const handler = jest.fn(who);
    const { port } = await secure({}, {}, handler);
    expect(await exchangeRaw(port, get("/"))).not.toMatch(/^HTTP\/1.1 200/);
    expect(handler).not.toHaveBeenCalled();
    expect(await asked(port)).toBe("HTTP/1.1 https nobody");
  });

  it("is refused by a client that asked for another host (56)", async () => {
    const { port } = await secure();
    const strict = { rejectUnauthorized: true, ca: own.cert, servername: "other.example" };
    await expect(asked(port, strict)).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
    expect(await asked(port, { ...strict, checkServerIdentity: () => undefined })).toBe("HTTP/1.1 https nobody");
  });

  it("chooses a certificate by the name that is asked for", async () => {
    const other = createSecureContext({ cert: fixture("server"), key: fixture("server-key") });
    const { port } = await secure({
      SNICallback: (name, choose) => choose(null, name === "other.example" ? other : undefined),
    });
    const shown = async (servername: string): Promise<string> => {
      const socket = connect({ port, host: "localhost", servername, rejectUnauthorized: false });
      await once(socket, "secureConnect");
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      return raw.toString("base64");
    };
    const [first, second] = [await shown("localhost"), await shown("other.example")];
    expect(own.cert.replaceAll("\n", "")).toContain(first);
    expect(fixture("server").replaceAll("\n", "")).toContain(second);
  });

  it("speaks only the protocols and ciphers that it is given", async () => {
    const { port } = await secure({ protocols: ["TLSv1.2"], ciphers: ["ECDHE-ECDSA-AES256-GCM-SHA384"] });
    const socket = connect({ port, host: "localhost", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    expect([socket.getProtocol(), socket.getCipher().name]).toEqual(["TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"]);
    socket.destroy();
    await expect(asked(port, { minVersion: "TLSv1.3" })).rejects.toMatchObject({
      code: expect.stringMatching(/^(ERR_SSL|EPROTO)/),
    });
  });

  it("agrees on the version that it likes best", async () => {
    const preferred = async (httpVersions: ServerOptions["httpVersions"], ALPNProtocols: string[]) => {
      const { port } = await secure({}, { httpVersions });
      const socket = connect({ port, host: "localhost", rejectUnauthorized: false, ALPNProtocols });
      await once(socket, "secureConnect");
      socket.destroy();
      return socket.alpnProtocol;
    };
    expect(await preferred(["http2", "http1"], ["http/1.1", "h2"])).toBe("h2");
    expect(await preferred(["http1", "http2"], ["h2", "http/1.1"])).toBe("http/1.1");
    expect(await preferred(["http1"], ["h2", "http/1.1"])).toBe(false);
  });

  it("falls back to HTTP/1.1 where there is no version in common (58)", async () => {
    const http2Only = await secure({}, { httpVersions: ["http2"] });
    expect(await asked(http2Only.port)).toBe("HTTP/1.1 https nobody");
    expect(await asked(http2Only.port, { ALPNProtocols: ["http/1.1"] })).toBe("HTTP/1.1 https nobody");
    const http1Only = await secure();
    expect(await asked(http1Only.port, { ALPNProtocols: ["h2"] })).toBe("HTTP/1.1 https nobody");
  });

  it("serves HTTP/2, and HTTP/1 under the same limits", async () => {
    const { port } = await secure({}, { httpVersions: ["http2", "http1"], headersTimeout: 100, keepAliveTimeout: 50 });
    const url = `https://localhost:${port}`;
    expect(await asked2(connectHttp2(url, { rejectUnauthorized: false }))).toBe("HTTP/2.0 https nobody");
    const slow = connect({ port, host: "localhost", rejectUnauthorized: false });
    slow.write("GET / HTTP/1.1\r\n");
    expect(await text(slow)).toMatch(/^HTTP\/1.1 408 /);
  });

  it.each([["http1"], ["http2", "http1"]] as const)(
    "serves the connections of a server of node:tls (%s)",
    async (...httpVersions) => {
      const offered = httpVersions.length === 2 ? { ALPNProtocols: ["h2", "http/1.1"] } : {};
      const listenSocket = createServer({ ...own, ...offered });
      await new Promise<void>((resolve) => listenSocket.listen(0, resolve));
      try {
        const opened = jest.fn();
        const server = await started(who, {
          listenSocket,
          manualSsl: true,
          httpVersions: httpVersions.filter((version) => version !== undefined),
          onConnection: opened,
        });
        expect(await asked(server.port)).toBe("HTTP/1.1 https nobody");
        expect(opened).toHaveBeenCalledTimes(1);
        if (httpVersions.length === 2) {
          const session = connectHttp2(`https://localhost:${server.port}`, { rejectUnauthorized: false });
          expect(await asked2(session)).toBe("HTTP/2.0 https nobody");
        }
        await server.close();
        expect(listenSocket.listening).toBe(true);
      } finally {
        listenSocket.close();
      }
    },
  );
});
