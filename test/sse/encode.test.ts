import { describe, expect, it } from "@jest/globals";
import * as fc from "fast-check";
import { encodeEvent, type ServerSentEvent } from "../../src/sse/index.js";
import { interpret } from "./event-source.js";

describe("encodeEvent", () => {
  it.each<[string, ServerSentEvent, string]>([
    ["data", { data: "hello" }, "data: hello\n\n"],
    ["empty data, which is a message too", { data: "" }, "data: \n\n"],
    ["a named event with an id", { event: "price", id: "7", data: "250" }, "event: price\nid: 7\ndata: 250\n\n"],
    ["an empty id, which makes the client forget", { id: "" }, "id: \n\n"],
    ["the time to wait", { retry: 2000 }, "retry: 2000\n\n"],
    ["no time to wait", { retry: 0 }, "retry: 0\n\n"],
    ["a comment", { comment: "still here" }, ": still here\n\n"],
    ["a comment of two lines", { comment: "still\nhere" }, ": still\n: here\n\n"],
    [
      "all there is",
      { comment: "c", retry: 1, event: "e", id: "i", data: "d" },
      ": c\nretry: 1\nevent: e\nid: i\ndata: d\n\n",
    ],
    ["keys that are undefined as if they were absent", { event: undefined, id: undefined, data: "x" }, "data: x\n\n"],
  ])("writes %s", (_what, event, text) => {
    expect(encodeEvent(event)).toBe(text);
  });

  it.each([
    ["LF", "a\nb"],
    ["CR", "a\rb"],
    ["CR LF", "a\r\nb"],
  ])("begins a data line at %s", (_what, data) => {
    expect(encodeEvent({ data })).toBe("data: a\ndata: b\n\n");
  });

  it("keeps empty lines, at the end too", () => {
    expect(encodeEvent({ data: "\n\na\n\r\n" })).toBe("data: \ndata: \ndata: a\ndata: \ndata: \n\n");
  });

  it("keeps blanks and colons at the beginning of data", () => {
    expect(interpret(encodeEvent({ data: " : x" })).events).toEqual([
      { type: "message", data: " : x", lastEventId: "" },
    ]);
  });

  it.each<[string, ServerSentEvent, RegExp]>([
    ["LF in event", { event: "a\nb", data: "" }, /line break in event/],
    ["CR in event", { event: "a\rb", data: "" }, /line break in event/],
    ["LF in id", { id: "1\n2", data: "" }, /line break in id/],
    ["CR in id", { id: "1\r", data: "" }, /line break in id/],
    ["NUL in id", { id: "1\0", data: "" }, /NUL in id/],
    ["an event without data", { event: "ping" }, /named "ping" has no data.*give it data: ""/],
    ["nothing", {}, /none of event, data, id, retry and comment/],
    ["half a millisecond", { retry: 0.5 }, /has 0\.5 as retry; it is a whole number of milliseconds/],
    ["a time below 0", { retry: -1 }, /has -1 as retry/],
    ["a time that is no number", { retry: Number.NaN }, /has NaN as retry/],
    ["a time too long to be written in digits", { retry: 1e21 }, /has 1e\+21 as retry/],
    ["a time as text", { retry: "5" as never }, /has a string as retry/],
    ["an object as data", { data: { a: 1 } as never }, /has an object as data.*JSON\.stringify/],
    ["null as data", { data: null as never }, /has null as data/],
    ["a number as id", { id: 7 as never, data: "" }, /has a number as id.*String/],
    ["an array as event", { event: [] as never, data: "" }, /has an array as event/],
    ["bytes as comment", { comment: Buffer.from("a") as never }, /has a Buffer as comment/],
  ])("refuses %s", (_what, event, message) => {
    expect(() => encodeEvent(event)).toThrow(
      expect.objectContaining({ code: "RING_INVALID_EVENT", message: expect.stringMatching(message) }),
    );
  });

  const text = fc.string({ unit: fc.oneof(fc.constantFrom("\n", "\r", ":", " ", "\0", "\ufeff"), fc.string()) });
  const line = text.map((value) => value.replace(/[\r\n]/g, ""));
  const event = fc.record(
    {
      data: text,
      event: line,
      id: line.map((value) => value.replaceAll("\0", "")),
      retry: fc.nat(),
      comment: text,
    },
    { requiredKeys: ["data"] },
  );

  it("writes whatever is given so that a client reads the same", () => {
    fc.assert(
      fc.property(fc.array(event), (sent) => {
        let lastEventId = "";
        let reconnectionTime: number | undefined;
        const expected = sent.map(({ data, event: type, id = lastEventId, retry = reconnectionTime }) => {
          lastEventId = id;
          reconnectionTime = retry;
          return { type: type || "message", data: data.replace(/\r\n|\r/g, "\n"), lastEventId };
        });
        expect(interpret(sent.map(encodeEvent).join(""))).toEqual({ events: expected, lastEventId, reconnectionTime });
      }),
      { numRuns: 1000 },
    );
  });

  it("tells no listener of comments, ids and times that stand alone", () => {
    const alone = fc.oneof(
      fc.record({ comment: text }),
      fc.record({ id: fc.constantFrom("", "7") }),
      fc.record({ retry: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(alone), (sent) => {
        expect(interpret(sent.map(encodeEvent).join("")).events).toEqual([]);
      }),
    );
  });
});
