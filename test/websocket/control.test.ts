import { describe, expect, it } from "@jest/globals";
import { deferred } from "../../src/deferred/index.js";
import { put, stream, take } from "../../src/stream/index.js";
import { websocketClose, websocketPing } from "../../src/websocket/control.js";
import type { WebsocketDuplex } from "../../src/websocket/types.js";
import { servers, until, withPair } from "./peers.js";

const INVALID = expect.objectContaining({ code: "RING_INVALID_ARGUMENT" });

describe.each(servers)("websocketPing over %s", (_name, Server) => {
  // 72
  it("yields true when the client answers", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      const pings: string[] = [];
      client.ws.on("ping", (data: Buffer) => pings.push(data.toString()));
      expect(await websocketPing(duplex)).toBe(true);
      expect(await websocketPing(duplex, undefined, "are you there?")).toBe(true);
      expect(await websocketPing(duplex, undefined, Buffer.from("x".repeat(125)))).toBe(true);
      expect(pings).toEqual(["", "are you there?", "x".repeat(125)]);
    }));

  it("realizes and returns the deferred it is given", () =>
    withPair(Server, {}, async ({ duplex }) => {
      const answer = deferred<boolean>();
      expect(websocketPing(duplex, answer)).toBe(answer);
      expect(await answer).toBe(true);
    }));

  // 72
  it("sends one frame for ten pings at once, and answers all", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      let pings = 0;
      client.ws.on("ping", () => pings++);
      const answers = await Promise.all(Array.from({ length: 10 }, () => websocketPing(duplex)));
      expect(answers).toEqual(Array(10).fill(true));
      expect(pings).toBe(1);
    }));

  it("pings anew from the answer of a ping", () =>
    withPair(Server, {}, async ({ duplex }) => {
      const again = deferred<boolean>();
      websocketPing(duplex).onRealized(
        () => websocketPing(duplex, again),
        () => {},
      );
      expect(await again).toBe(true);
    }));

  // 73
  it("yields false when the connection closes first", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      client.ws.pause();
      const answer = websocketPing(duplex);
      client.ws.terminate();
      expect(await answer).toBe(false);
    }));

  // 73
  it("yields false when the connection is closed", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      duplex.close();
      expect(await websocketPing(duplex)).toBe(false);
      await client.closed;
      expect(await websocketPing(duplex)).toBe(false);
    }));

  it("refuses what does not fit into a ping, at once", () =>
    withPair(Server, {}, async ({ duplex }) => {
      expect(() => websocketPing(duplex, undefined, "x".repeat(126))).toThrow(INVALID);
      expect(() => websocketPing(duplex, undefined, "ü".repeat(63))).toThrow(INVALID);
      expect(() => websocketPing(duplex, undefined, 1 as never)).toThrow(INVALID);
      expect(await websocketPing(duplex)).toBe(true);
    }));
});

describe.each(servers)("websocketClose over %s", (_name, Server) => {
  // 74
  it("tells the client code and reason, refuses puts, and works once", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      expect(await websocketClose(duplex, 4001, "going away")).toBe(true);
      expect(await put(duplex, "too late")).toBe(false);
      expect(await websocketClose(duplex, 4002)).toBe(false);
      expect(await client.closed).toEqual({ code: 4001, reason: "going away" });
      expect(await duplex.closed).toEqual({ code: 4001, reason: "going away", wasClean: true });
      expect(await websocketClose(duplex)).toBe(false);
    }));

  // 77
  it.each([undefined, -1])("sends no code for %p", (code) =>
    withPair(Server, {}, async ({ duplex, client }) => {
      expect(await websocketClose(duplex, code)).toBe(true);
      expect(await client.closed).toEqual({ code: 1005, reason: "" });
      expect(await duplex.closed).toEqual({ code: 1005, reason: "", wasClean: true });
    }),
  );

  it.each([1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999])("sends %p", (code) =>
    withPair(Server, {}, async ({ duplex, client }) => {
      websocketClose(duplex, code);
      expect(await client.closed).toMatchObject({ code });
    }),
  );

  // 76
  it("is heard from one of ten calls at once", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      const codes = Array.from({ length: 10 }, (_, i) => 4000 + i);
      const answers = await Promise.all(codes.map((code) => websocketClose(duplex, code)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await client.closed).toMatchObject({ code: codes[answers.indexOf(true)] });
    }));

  it("realizes and returns the deferred it is given", () =>
    withPair(Server, {}, async ({ duplex }) => {
      const started = deferred<boolean>();
      expect(websocketClose(duplex, 1000, "", started)).toBe(started);
      expect(await started).toBe(true);
    }));

  it("leaves what the client has sent to be taken", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      client.ws.pause();
      client.ws.send("before it knew");
      websocketClose(duplex, 1000);
      expect(await take(duplex)).toBe("before it knew");
      client.ws.resume();
      expect(await take(duplex, "the end")).toBe("the end");
    }));

  // 78
  it.each([0, 999, 1004, 1005, 1006, 1015, 2000, 2999, 5000, 1000.5, Number.NaN])("refuses %p at once", (code) =>
    withPair(Server, {}, async ({ duplex, client }) => {
      expect(() => websocketClose(duplex, code)).toThrow(INVALID);
      expect(await put(duplex, "still open")).toBe(true);
      expect(await client.next()).toBe("still open");
    }),
  );

  it("refuses reasons that are too long, or that have no code to go with", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      expect(() => websocketClose(duplex, 1000, "x".repeat(124))).toThrow(INVALID);
      expect(() => websocketClose(duplex, -1, "why")).toThrow(INVALID);
      expect(duplex.isClosed()).toBe(false);
      websocketClose(duplex, 1000, "x".repeat(123));
      expect(await client.closed).toEqual({ code: 1000, reason: "x".repeat(123) });
    }));

  // 75
  it("knows the close of the client", () =>
    withPair(Server, {}, async ({ duplex, client }) => {
      client.ws.close(4009);
      await until(() => duplex.isClosed());
      expect(await websocketClose(duplex, 4001)).toBe(false);
      expect(await client.closed).toMatchObject({ code: 4009 });
    }));
});

describe("websocketPing and websocketClose", () => {
  it("take websockets only", () => {
    const other = stream() as unknown as WebsocketDuplex;
    expect(() => websocketPing(other)).toThrow(INVALID);
    expect(() => websocketClose(other)).toThrow(INVALID);
  });
});
