import { once } from "node:events";
import { type ClientHttp2Session, connect, createServer } from "node:http2";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { deferred, success } from "../../src/deferred/index.js";
import { abortSignal, seq } from "../../src/index.js";
import type { Handler, RingRequest } from "../../src/ring/types.js";
import { put, stream } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";
import { withServer } from "./hosts.js";

/** Serves a handler over HTTP/2 in clear text. */
async function over2(
  handler: Handler,
  body: (session: ClientHttp2Session, errors: unknown[], port: number) => Promise<void>,
): Promise<void> {
  await withServer(createServer(), handler, async ({ port, errors }) => {
    const session = connect(`http://localhost:${port}`);
    try {
      await body(session, errors, port);
    } finally {
      session.close();
    }
  });
}

describe("over HTTP/2", () => {
  it("the request map is the same, with the host in its header and no pseudo headers", async () => {
    let seen: RingRequest | undefined;
    const handler: Handler = (request) => {
      seen = request;
      return { status: 200 };
    };
    await over2(handler, async (session, _errors, port) => {
      await once(session.request({ ":path": "/a?b", "x-a": "1", cookie: ["a=1", "b=2"] }), "response");
      expect(seen).toMatchObject({
        uri: "/a",
        queryString: "b",
        protocol: "HTTP/2.0",
        requestMethod: "get",
        serverName: "localhost",
        serverPort: port,
        scheme: "http",
        headers: { "x-a": "1", cookie: "a=1;b=2", host: `localhost:${port}` },
      });
      expect(Object.keys(seen?.headers ?? {}).filter((name) => name.startsWith(":"))).toEqual([]);
      expect(seen).not.toHaveProperty("body");
    });
  });

  it("bodies are echoed, whole ones have their length, the others come as they are put", async () => {
    const handler: Handler = ({ uri, body }) =>
      uri === "/echo" ? { body: body as never } : { body: uri === "/seq" ? seq(["a", "b"]) : "hello" };
    await over2(handler, async (session, errors) => {
      const echo = session.request({ ":path": "/echo", ":method": "POST" });
      echo.end("x".repeat(500_000));
      expect((await text(echo)).length).toBe(500_000);
      const whole = session.request({ ":path": "/whole" });
      const [headers] = await once(whole, "response");
      expect([headers["content-length"], await text(whole)]).toEqual(["5", "hello"]);
      expect(await text(session.request({ ":path": "/seq" }))).toBe("ab");
      expect(errors).toEqual([]);
    });
  });

  it("a stream that the client resets closes its body and aborts its signal, and no other", async () => {
    const bodies = [stream<string>(), stream<string>()] as const;
    const signals: AbortSignal[] = [];
    const handler: Handler = (request) => {
      signals.push(abortSignal(request));
      return { body: request.uri === "/0" ? bodies[0] : bodies[1] };
    };
    await over2(handler, async (session) => {
      const requests = [session.request({ ":path": "/0" }), session.request({ ":path": "/1" })] as const;
      await Promise.all(requests.map((request) => once(request, "response")));
      requests[0].close();
      await new Promise<void>((resolve) => bodies[0].onClosed(resolve));
      expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
      const answering = once(requests[1], "data");
      expect(await put(bodies[1], "still there")).toBe(true);
      expect(String(await answering)).toBe("still there");
      requests[1].close();
    });
  });

  it("an answer to a stream that is gone is dropped", async () => {
    const late = deferred<{ body: string }>();
    const signals = deferred<AbortSignal>();
    const handler: Handler = (request) => {
      success(signals, abortSignal(request));
      return late;
    };
    await withLog(async (log) => {
      await over2(handler, async (session, errors) => {
        const request = session.request({ ":path": "/" });
        const signal = await signals;
        request.close();
        await once(signal, "abort");
        success(late, { body: "late" });
        expect([errors, log]).toEqual([[], []]);
      });
    });
  });

  it("a body that fails in the middle resets its stream, and only that", async () => {
    await withLog(async (log) => {
      const handler: Handler = ({ uri }) => ({ body: uri === "/whole" ? "whole" : seq(failing()) });
      function* failing(): Generator<string> {
        yield "first";
        throw new Error("boom");
      }
      await over2(handler, async (session) => {
        const request = session.request({ ":path": "/cut" });
        await expect(text(request)).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_(HTTP2|STREAM)/) });
        expect(await text(session.request({ ":path": "/whole" }))).toBe("whole");
        expect(log).toMatchObject([{ error: { message: "boom" } }]);
      });
    });
  });
});
