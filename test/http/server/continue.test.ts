import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it, jest } from "@jest/globals";
import { successDeferred } from "../../../src/deferred/index.js";
import type { ServerOptions } from "../../../src/http/index.js";
import type { Handler, RingRequest } from "../../../src/ring/types.js";
import { withLog } from "../../contract/host.js";
import { rawClient } from "../../raw-client.js";
import { started } from "./start.js";

const ask = "POST /up HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";

/** What comes before the body is sent, and after it. */
async function conversation(handler: Handler, options: Partial<ServerOptions> = {}): Promise<string> {
  const { port } = await started(handler, options);
  const client = await rawClient(port);
  client.send(ask);
  await client.until(/\r\n\r\n/);
  if (/^HTTP\/1.1 100 /.test(client.received())) {
    client.send("hi");
    await client.until(/hi$/);
    client.leave();
  }
  return client.ended();
}

describe("Expect: 100-continue", () => {
  const echo: Handler = async ({ body, headers }) => ({
    headers: { "x-expect": headers["expect"] ?? "none" },
    body: await text(body as Readable),
  });

  it("is granted, and hidden from the handler, where there is no continueHandler (49)", async () => {
    expect(await conversation(echo)).toMatch(
      /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\nx-expect: none[^]*hi$/,
    );
  });

  it.each<[string, ServerOptions["continueHandler"]]>([
    ["true", () => true],
    ["a deferred of true", () => successDeferred(true)],
    ["a promise of true", async () => true],
  ])("is granted by %s (50)", async (_what, continueHandler) => {
    expect(await conversation(echo, { continueHandler })).toMatch(
      /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 [^]*hi$/,
    );
  });

  it.each<[string, ServerOptions["continueHandler"], RegExp]>([
    [
      "false",
      () => false,
      /^HTTP\/1.1 417 Expectation Failed\r\nServer: express-ring\r\ncontent-length: 0\r\n[^]*\r\n\r\n$/,
    ],
    ["a deferred of false", () => successDeferred(false), /^HTTP\/1.1 417 /],
    [
      "a response, without its body",
      () => ({ status: 401, body: "no" }),
      /^HTTP\/1.1 401 [^]*content-length: 0\r\n[^]*\r\n\r\n$/,
    ],
    ["headers", () => ({ status: 403, headers: { "X-Via": "Test" } }), /^HTTP\/1.1 403 Forbidden\r\nX-Via: Test\r\n/],
    ["a promise of a response", async () => ({ status: 401 }), /^HTTP\/1.1 401 /],
    ["what is no answer", () => "no" as never, /^HTTP\/1.1 500 /],
    [
      "a throw",
      () => {
        throw new Error("boom");
      },
      /^HTTP\/1.1 500 [^]*Internal Server Error$/,
    ],
    ["a rejection", () => Promise.reject(new Error("boom")), /^HTTP\/1.1 500 /],
  ])("is refused by %s, and the connection closed (50)", async (_what, continueHandler, expected) => {
    await withLog(async () => {
      const handler = jest.fn(echo);
      const answer = await conversation(handler, { continueHandler });
      expect(answer).toMatch(expected);
      expect(answer).toMatch(/connection: close/i);
      expect(handler).not.toHaveBeenCalled();
    });
  });

  it("shows the continueHandler the request, without a body", async () => {
    const continueHandler = jest.fn((_request: RingRequest) => true);
    await conversation(echo, { continueHandler });
    expect(continueHandler).toHaveBeenCalledWith(expect.objectContaining({ uri: "/up", requestMethod: "post" }));
    expect(continueHandler).toHaveBeenCalledWith(expect.not.objectContaining({ body: expect.anything() }));
  });

  it("is not granted to a body that is too large", async () => {
    expect(await conversation(echo, { maxRequestBodySize: 1 })).toMatch(/^HTTP\/1.1 413 [^]*connection: close/i);
  });

  it("is 417 for anything else that is expected", async () => {
    const { port } = await started(echo);
    const client = await rawClient(port);
    client.send(ask.replace("100-continue", "wonders"));
    expect(await client.until(/\r\n\r\n/)).toMatch(/^HTTP\/1.1 417 /);
    client.leave();
  });
});
