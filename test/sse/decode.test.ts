import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { type DecodeEventsOptions, decodeEvents, encodeEvent, eventDecoder, parseEvents } from "../../src/sse/index.js";
import { stream, transform } from "../../src/stream/index.js";
import { collect } from "../stream/kit.js";
import { interpret } from "./event-source.js";

/** A body cut into pieces of at most so many bytes. */
function cut(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

const dataOf = (text: string | Uint8Array, options?: DecodeEventsOptions) =>
  parseEvents(text, options).map(({ data }) => data);

describe("parseEvents", () => {
  it.each([
    ["the example of stocks", "data: YHOO\ndata: +2\ndata: 10\n\n", [["message", "YHOO\n+2\n10", ""]]],
    [
      "the example of four blocks",
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
      [
        ["message", "first event", "1"],
        ["message", "second event", ""],
        ["message", " third event", ""],
      ],
    ],
    [
      "the example of empty data",
      "data\n\ndata\ndata\n\ndata:",
      [
        ["message", "", ""],
        ["message", "\n", ""],
      ],
    ],
    [
      "the example of the space after the colon",
      "data:test\n\ndata: test\n\n",
      [
        ["message", "test", ""],
        ["message", "test", ""],
      ],
    ],
    [
      "all line breaks",
      "data: a\rdata: b\r\ndata: c\n\r\ndata: d\r\r",
      [
        ["message", "a\nb\nc", ""],
        ["message", "d", ""],
      ],
    ],
    ["a byte order mark", "\ufeffdata: a\n\n", [["message", "a", ""]]],
    ["one byte order mark only", "\ufeff\ufeffdata: a\n\ndata: b\n\n", [["message", "b", ""]]],
    ["an event without data, whose type and id", "event: x\nid: 1\n\ndata: a\n\n", [["message", "a", "1"]]],
    ["an id with NUL", "id: 1\n\nid: a\0b\ndata: a\n\n", [["message", "a", "1"]]],
    [
      "an id that is emptied",
      "id: 1\ndata: a\n\nid\ndata: b\n\n",
      [
        ["message", "a", "1"],
        ["message", "b", ""],
      ],
    ],
    ["what is in no field", "DATA: a\ndata : b\n data: c\nnonsense\ndata: d\n\n", [["message", "d", ""]]],
    ["the last of several types", "event: a\nevent: b\ndata\n\n", [["b", "", ""]]],
    ["no blank line at the end", "data: a\n\ndata: b\n", [["message", "a", ""]]],
    ["nothing", "", []],
  ])("understands %s", (_what, text, events) => {
    expect(parseEvents(text).map(({ event, data, id }) => [event, data, id])).toEqual(events);
    expect(parseEvents(Buffer.from(text)).map(({ event, data, id }) => [event, data, id])).toEqual(events);
  });

  it("tells of retries that are digits, and of comments", () => {
    const [retries, comments]: [number[], string[]] = [[], []];
    parseEvents("retry: 10\nretry: 1.5\nretry: -1\nretry:\nretry: 0x10\nretry:007\n: one\n:two\n:\n", {
      onRetry: (milliseconds) => retries.push(milliseconds),
      onComment: (text) => comments.push(text),
    });
    expect([retries, comments]).toEqual([
      [10, 7],
      ["one", "two", ""],
    ]);
  });

  it("goes on from an id", () => {
    expect(parseEvents("data: a\n\n", { lastEventId: "7" })).toEqual([{ event: "message", data: "a", id: "7" }]);
  });

  it("makes U+FFFD of what is no UTF-8", () => {
    expect(dataOf(Buffer.from("data: a\xff\xc3\n\n", "latin1"))).toEqual(["a\ufffd\ufffd"]);
  });

  it("takes a line of maxLineLength, and no longer one, ended or not", () => {
    const options = { maxLineLength: 10 };
    expect(dataOf("data: 1234\n\n", options)).toEqual(["1234"]);
    for (const text of ["data: 12345\n\n", ":2345678901", "x".repeat(11)]) {
      expect(() => parseEvents(text, options)).toThrow(
        expect.objectContaining({
          code: "RING_EVENT_LINE_TOO_LONG",
          message: expect.stringContaining("10 characters"),
        }),
      );
    }
  });

  it("takes data of maxEventLength, and no longer ones", () => {
    const options = { maxEventLength: 5 };
    expect(dataOf("data:12\ndata:34\n\ndata:12345\n\n", options)).toEqual(["12\n34", "12345"]);
    expect(() => parseEvents("data:12\ndata:345\n\n", options)).toThrow(
      expect.objectContaining({ code: "RING_EVENT_TOO_LARGE", message: expect.stringContaining("5 characters") }),
    );
    expect(() => parseEvents("data\n".repeat(7), options)).toThrow(
      expect.objectContaining({ code: "RING_EVENT_TOO_LARGE" }),
    );
  });

  it.each([[{ maxLineLength: 0 }], [{ maxEventLength: 1.5 }], [{ maxLine: 1 }]])("refuses %j", (options) => {
    for (const use of [parseEvents, decodeEvents]) {
      expect(() => use("", options as never)).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
    }
  });

  const line = fc.oneof(
    fc.constantFrom("", ":", "data", "id", "event: x", "retry: 5", "data:  ", "\ufeff", "id: \0"),
    fc
      .tuple(fc.constantFrom("data", "event", "id", "x", ""), fc.string({ unit: "binary" }))
      .map((pair) => pair.join(":")),
  );
  const text = fc
    .array(fc.tuple(line, fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "")))
    .map((lines) => lines.flat().join(""))
    // Halves of pairs cannot be written as UTF-8.
    .map((lines) => Buffer.from(lines).toString());

  it("understands whatever the specification says of it", () => {
    fc.assert(
      fc.property(text, (stream) => {
        const events = interpret(stream).events.map(({ type, data, lastEventId }) => ({
          event: type,
          data,
          id: lastEventId,
        }));
        expect(parseEvents(stream)).toEqual(events);
      }),
    );
  });

  it("understands what encodeEvent writes", () => {
    const name = fc.string({ unit: "grapheme" }).map((word) => word.replace(/[\r\n\0]/g, ""));
    fc.assert(
      fc.property(fc.array(fc.record({ event: name, id: name, data: fc.string({ unit: "grapheme" }) })), (events) => {
        const written = events.map((event) => encodeEvent(event)).join("");
        expect(parseEvents(Buffer.from(written))).toEqual(
          events.map(({ event, id, data }) => ({
            event: event === "" ? "message" : event,
            id,
            data: data.replace(/\r\n|\r/g, "\n"),
          })),
        );
      }),
    );
  });

  describe("decodeEvents", () => {
    it("gives the same events, wherever the body is cut (test idea 117)", async () => {
      await fc.assert(
        fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (body, size) => {
          expect(await collect(decodeEvents(cut(body, size)))).toEqual(parseEvents(body));
          expect(await collect(decodeEvents(Array.from(body)))).toEqual(parseEvents(body));
          expect(await collect(transform(eventDecoder(), cut(body, size)))).toEqual(parseEvents(body));
        }),
      );
    });
  });
});

describe("decodeEvents", () => {
  it("reads a body no faster than its events are taken, and closes it when it is closed", async () => {
    const body = stream<string>();
    const events = decodeEvents(body);
    const first = body.put("data: 1\n\ndata: 2\n\n");
    const second = body.put("data: 3\n\n");
    expect([first.isRealized, second.isRealized]).toEqual([false, false]);
    expect((await events.take())?.data).toBe("1");
    expect((await events.take())?.data).toBe("2");
    expect([first.isRealized, second.isRealized]).toEqual([true, false]);
    const waiting = decodeEvents(stream<string>());
    const taken = waiting.take("end");
    waiting.close();
    expect(await taken).toBe("end");
    events.close();
    expect(body.isClosed()).toBe(true);
  });

  it("gives the events before an error, then fails and closes the body", async () => {
    const body = Readable.from([Buffer.from("data: 1\n\ndata: 2\n\ndata: 3333\n\n"), Buffer.from("data: 4\n\n")]);
    const events = decodeEvents(body, { maxEventLength: 3 });
    expect([(await events.take())?.data, (await events.take())?.data]).toEqual(["1", "2"]);
    await expect(events.take()).rejects.toMatchObject({ code: "RING_EVENT_TOO_LARGE" });
    expect(events.isDrained()).toBe(true);
    expect(body.destroyed).toBe(true);
  });

  it("fails with what the body fails with", async () => {
    const body = new Readable({ read() {} });
    const events = decodeEvents(body);
    body.push("data: 1\n\n");
    expect((await events.take())?.data).toBe("1");
    const taken = events.take();
    body.destroy(new Error("gone"));
    await expect(taken).rejects.toThrow("gone");
  });

  it("ends an endless line without keeping it: slowly dripping bytes", async () => {
    function* drip() {
      for (;;) yield Buffer.alloc(1000, "x");
    }
    await expect(collect(decodeEvents(drip(), { maxLineLength: 100_000 }))).rejects.toMatchObject({
      code: "RING_EVENT_LINE_TOO_LONG",
    });
  });
});
