import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { createServer as createSecureServer, request as requestSecurely } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import type { Handler } from "../../src/ring/types.js";
import { withServer } from "./hosts.js";

const pem = (name: string): string => readFileSync(new URL(`certificates/${name}.pem`, import.meta.url), "utf8");
const identity = { cert: pem("server"), key: pem("server-key") };

describe("toRequest", () => {
  const about: Handler = ({ scheme, serverName, sslClientCert }) => ({
    status: 200,
    headers: {},
    body: JSON.stringify([scheme, serverName, sslClientCert?.subject.CN]),
  });

  it.each([
    ["with the certificate that the client shows", { cert: pem("client"), key: pem("client-key") }, "Ada"],
    ["without one from a client that shows none", {}, null],
  ])("knows a TLS connection, %s", async (_what, shown, expected) => {
    const server = createSecureServer({ ...identity, requestCert: true, rejectUnauthorized: false });
    await withServer(server, about, async ({ port }) => {
      const client = requestSecurely({ host: "localhost", port, ca: identity.cert, ...shown, agent: false }).end();
      const [response] = await once(client, "response");
      expect(JSON.parse(await text(response))).toEqual(["https", "localhost", expected]);
    });
  });

  it("has neither port nor addresses on a unix socket", async () => {
    const folder = await mkdtemp(join(tmpdir(), "express-ring-"));
    const path = join(folder, "socket");
    const server = createServer();
    const handler: Handler = ({ serverPort, remoteAddr }) => ({
      status: 200,
      headers: {},
      body: JSON.stringify([serverPort, remoteAddr]),
    });
    server.listen = server.listen.bind(server, path as never) as never;
    try {
      server.address = () => ({ port: 0 }) as never;
      await withServer(server, handler, async () => {
        const [response] = await once(request({ socketPath: path }).end(), "response");
        expect(JSON.parse(await text(response))).toEqual([0, ""]);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
