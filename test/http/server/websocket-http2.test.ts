import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "@jest/globals";
import { type ServerOptions, websocketConnection } from "../../../src/http/index.js";
import type { Handler } from "../../../src/ring/types.js";
import { connect } from "../../../src/stream/index.js";
import { TEXT } from "../../websocket/frames.js";
import { openSocket } from "../../websocket/over-http2.js";
import { started } from "./start.js";

const sessions = new Set<ClientHttp2Session>();
afterEach(() => {
  for (const session of sessions) session.destroy();
  sessions.clear();
});

/** A session of HTTP/2 over plain TCP with a server of its own. */
async function over2(handler: Handler, options: Partial<ServerOptions> = {}) {
  const server = await started(handler, { httpVersions: ["http2"], useH2c: true, ...options });
  const session = connectHttp2(`http://localhost:${server.port}`);
  session.on("error", () => {});
  sessions.add(session);
  await once(session, "remoteSettings");
  return { server, session };
}

const echo: Handler = async (request) => {
  const duplex = await websocketConnection(request);
  connect(duplex, duplex);
  return null;
};

describe("websocketConnection over HTTP/2", () => {
  it("echoes", async () => {
    const { session } = await over2(echo);
    const client = await openSocket(session);
    client.send({ opcode: TEXT, payload: "hello" });
    expect((await client.next()).payload.toString()).toBe("hello");
    expect(client.headers).toMatchObject({});
    console.log(client.headers);
    client.socket.close(8);
    await client.closed;
  });
});
