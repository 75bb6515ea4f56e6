/** Frames against a model: what arrives of any course of right and wrong frames, in any pieces, and how it ends. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { WebSocketServer } from "ws";
import { Websocket } from "../../src/websocket/duplex.js";
import type { RawWebSocket } from "../../src/websocket/raw-socket.js";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  deflate,
  encode,
  type Frame,
  frameClient,
  PING,
  PONG,
  TEXT,
} from "./frames.js";
import { until } from "./peers.js";

const MAX_PAYLOAD = 1000;

/** What the model says of a course of frames. */
interface Verdict {
  readonly messages: readonly (string | Buffer)[];
  readonly pongs: readonly string[];
  /** undefined: still open. */
  readonly code: number | undefined;
}

const isText = (bytes: Buffer): boolean => Buffer.from(bytes.toString()).equals(bytes);

function judge(frames: readonly Frame[]): Verdict {
  const messages: (string | Buffer)[] = [];
  const pongs: string[] = [];
  let begun: { readonly opcode: number; pieces: Buffer[] } | undefined;
  const end = (code: number): Verdict => ({ messages, pongs, code });
  for (const { opcode, payload = "", isFinal = true, isMasked = true, reserved = 0 } of frames) {
    const data = Buffer.from(payload);
    if (reserved !== 0 || !isMasked) return end(1002);
    if (opcode >= 8) {
      if (opcode > PONG || !isFinal || data.length > 125) return end(1002);
      if (opcode === PING) pongs.push(data.toString());
      if (opcode === CLOSE) return closing(data);
      continue;
    }
    if (opcode > BINARY || (opcode === CONTINUATION) === (begun === undefined)) return end(1002);
    begun ??= { opcode, pieces: [] };
    begun.pieces.push(data);
    const whole = Buffer.concat(begun.pieces);
    if (whole.length > MAX_PAYLOAD) return end(1009);
    if (!isFinal) continue;
    if (begun.opcode === TEXT && !isText(whole)) return end(1007);
    messages.push(begun.opcode === TEXT ? whole.toString() : whole);
    begun = undefined;
  }
  return { messages, pongs, code: undefined };

  function closing(data: Buffer): Verdict {
    if (data.length === 0) return end(1005);
    if (data.length === 1) return end(1002);
    const code = data.readUInt16BE(0);
    const isFine =
      (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
    if (!isFine) return end(1002);
    return end(isText(data.subarray(2)) ? code : 1007);
  }
}

const payload = fc.oneof(
  fc.string({ maxLength: 20, unit: "binary" }),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 100, max: 1100 }).map((length) => "x".repeat(length)),
);

const rightFrame: fc.Arbitrary<readonly Frame[]> = fc.oneof(
  fc.record({ opcode: fc.constantFrom(PING, PONG), payload: fc.string({ maxLength: 30 }) }).map((frame) => [frame]),
  // A message in fragments, with a ping between them.
  fc
    .record({
      opcode: fc.constantFrom(TEXT, BINARY),
      pieces: fc.array(payload, { minLength: 1, maxLength: 4 }),
      pings: fc.boolean(),
    })
    .map(({ opcode, pieces, pings }) =>
      pieces.flatMap((piece, i): Frame[] => [
        { opcode: i === 0 ? opcode : CONTINUATION, payload: piece, isFinal: i === pieces.length - 1 },
        ...(pings ? [{ opcode: PING, payload: `${i}` }] : []),
      ]),
    ),
);

const anyFrame: fc.Arbitrary<readonly Frame[]> = fc
  .record({
    opcode: fc.oneof(fc.constantFrom(CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG), fc.integer({ min: 0, max: 15 })),
    payload: fc.oneof(
      payload,
      fc
        .tuple(fc.integer({ min: 900, max: 5100 }), fc.string({ maxLength: 5 }))
        .map(([code, why]) => closePayload(code, why)),
    ),
    isFinal: fc.boolean(),
    isMasked: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    reserved: fc.oneof(
      { weight: 9, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 7 }) },
    ),
  })
  .map((frame) => [frame]);

const course = fc
  .array(fc.oneof({ weight: 5, arbitrary: rightFrame }, { weight: 1, arbitrary: anyFrame }), { maxLength: 8 })
  .map((parts) => parts.flat());

describe("any course of frames", () => {
  let server: WebSocketServer;
  let next: (duplex: Websocket) => void = () => {};
  beforeAll(async () => {
    server = new WebSocketServer({ port: 0, maxPayload: MAX_PAYLOAD, perMessageDeflate: true });
    server.on("connection", (raw) => next(new Websocket(raw as unknown as RawWebSocket)));
    await once(server, "listening");
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  async function connected(extra = "") {
    const given = new Promise<Websocket>((resolve) => {
      next = resolve;
    });
    const client = await frameClient(`ws://localhost:${(server.address() as AddressInfo).port}/`, extra);
    return { client, duplex: await given };
  }

  it("arrives as the model says, in whatever pieces it comes", async () => {
    await fc.assert(
      fc.asyncProperty(course, fc.infiniteStream(fc.integer({ min: 1, max: 400 })), async (frames, sizes) => {
        const { client, duplex } = await connected();
        const taken: unknown[] = [];
        const reading = (async () => {
          for await (const message of duplex) taken.push(message);
        })();
        const expected = judge(frames);
        const bytes = Buffer.concat(frames.map(encode));
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value as number;
          client.socket.write(bytes.subarray(at, at + size));
          at += size;
        }
        if (expected.code === undefined) {
          client.send({ opcode: CLOSE, payload: closePayload(4000) });
          expect(await client.closed).toBe(4000);
        } else expect(await client.closed).toBe(expected.code);
        await reading;
        expect(taken).toEqual(expected.messages);
        expect(client.payloads(PONG)).toEqual(expected.pongs);
        expect(duplex.isDrained()).toBe(true);
      }),
      { numRuns: 300, interruptAfterTimeLimit: 30_000 },
    );
  }, 60_000);

  it("arrives whole when it is compressed, whatever it is and in whatever pieces", async () => {
    const messages = fc.array(
      fc.record({
        text: fc.string({ maxLength: 300, unit: "binary" }),
        isCompressed: fc.boolean(),
        cuts: fc.integer({ min: 1, max: 4 }),
      }),
      { maxLength: 10 },
    );
    await fc.assert(
      fc.asyncProperty(messages, async (sent) => {
        const { client, duplex } = await connected(
          "sec-websocket-extensions: permessage-deflate; client_no_context_takeover\r\n",
        );
        for (const { text, isCompressed, cuts } of sent) {
          const data = isCompressed ? deflate(text) : Buffer.from(text);
          const size = Math.max(1, Math.ceil(data.length / cuts));
          const count = Math.max(1, Math.ceil(data.length / size));
          for (let i = 0; i < count; i++) {
            client.send({
              opcode: i === 0 ? TEXT : CONTINUATION,
              payload: data.subarray(i * size, (i + 1) * size),
              isFinal: i === count - 1,
              reserved: i === 0 && isCompressed ? 4 : 0,
            });
          }
        }
        for (const { text } of sent) expect(await duplex.take()).toBe(Buffer.from(text).toString());
        client.send({ opcode: CLOSE });
        expect(await client.closed).toBe(1005);
        await until(() => duplex.isDrained());
      }),
      { numRuns: 100, interruptAfterTimeLimit: 30_000 },
    );
  }, 60_000);
});
