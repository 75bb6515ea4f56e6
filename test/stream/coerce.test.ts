import { EventEmitter } from "node:events";
import { Duplex, Readable, Writable } from "node:stream";
import { ReadableStream, WritableStream } from "node:stream/web";
import { describe, expect, it } from "@jest/globals";
import pDefer from "p-defer";
import { of, Subject } from "rxjs";
import { deferred, successDeferred } from "../../src/deferred/index.js";
import {
  description,
  isSink,
  isSinkable,
  isSource,
  isSourceable,
  isStream,
  type Sink,
  type Source,
  sinkOnly,
  sourceOnly,
  stream,
  take,
  toSink,
  toSource,
} from "../../src/stream/index.js";

function* generated() {
  yield 1;
}

async function* generatedLater() {
  yield 1;
}

/** A source and a sink that somebody else has written: the kit's methods, on a plain object. */
function foreignStream(): Source<number> & Sink<number> {
  const kit = stream<number>(1);
  const methods = [
    "put",
    "tryPut",
    "take",
    "tryTake",
    "close",
    "isClosed",
    "isDrained",
    "onClosed",
    "onDrained",
  ] as const;
  return {
    ...Object.fromEntries(methods.map((name) => [name, (kit[name] as () => unknown).bind(kit)])),
    description: () => ({ type: "somebody else's" }),
    [Symbol.asyncIterator]: () => kit[Symbol.asyncIterator](),
  } as Source<number> & Sink<number>;
}

const sourceables: [name: string, make: () => unknown, type: string][] = [
  ["a source of somebody else", foreignStream, "source"],
  ["a Readable", () => Readable.from([1]), "node"],
  ["a Duplex", () => new Duplex(), "node"],
  ["a web ReadableStream", () => new ReadableStream(), "web"],
  ["an array", () => [1], "seq"],
  ["a Set", () => new Set([1]), "seq"],
  ["a generator", generated, "seq"],
  ["an async generator", generatedLater, "iterable"],
  ["an async iterable", () => ({ [Symbol.asyncIterator]: generatedLater }), "iterable"],
  ["an iterator", () => ({ next: () => ({ done: true }) }), "iterator"],
  ["a deferred", () => successDeferred(1), "deferred"],
  ["a promise", () => Promise.resolve(1), "deferred"],
  ["a p-defer object", () => pDefer(), "deferred"],
  ["an observable", () => of(1), "observable"],
  ["a subject", () => new Subject(), "observable"],
  ["an event emitter", () => new EventEmitter(), "emitter"],
  ["an event target", () => new EventTarget(), "event-target"],
];

const sinkables: [name: string, make: () => unknown, type: string][] = [
  ["a sink of somebody else", foreignStream, "somebody else's"],
  ["a Writable", () => new Writable(), "node"],
  ["a Duplex", () => new Duplex(), "node"],
  ["a web WritableStream", () => new WritableStream(), "web"],
  ["an observer", () => new Subject(), "observer"],
  ["a deferred", () => deferred(), "deferred"],
  ["a p-defer object", () => pDefer(), "deferred"],
];

const nothings: [name: string, x: unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["a string", "text"],
  ["a number", 1],
  ["a function", () => 1],
  ["an object", {}],
];

describe("toSource", () => {
  it.each(sourceables)("makes a source of %s", (_name, make, type) => {
    const source = toSource(make() as never);
    expect(isSource(source)).toBe(true);
    expect(description(source).type).toBe(type);
  });

  it("returns a stream, and a view of one, as it is", () => {
    const from = stream();
    const view = sourceOnly(from);
    expect(toSource(from)).toBe(from);
    expect(toSource(view)).toBe(view);
  });

  it.each(sourceables.filter(([name]) => /source|Readable|Duplex|async|an iterator|emitter|target/.test(name)))(
    "makes the same source of %s each time, so that its connections share it",
    (_name, make) => {
      const origin = make();
      expect(toSource(origin as never)).toBe(toSource(origin as never));
    },
  );

  it.each(sourceables.filter(([name]) => /array|Set|deferred|promise|p-defer|observable|subject/.test(name)))(
    "begins anew with %s",
    (_name, make) => {
      const origin = make();
      expect(toSource(origin as never)).not.toBe(toSource(origin as never));
    },
  );

  it.each(nothings)("refuses %s", (_name, x) => {
    expect(() => toSource(x as never)).toThrow(expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }));
    expect(toSource(x, "fallback")).toBe("fallback");
    expect(toSource(x, undefined)).toBeUndefined();
  });
});

describe("toSink", () => {
  it.each(sinkables)("makes a sink of %s", (_name, make, type) => {
    const sink = toSink(make() as never);
    expect(isSink(sink)).toBe(true);
    expect(description(sink).type).toBe(type);
  });

  it.each(sinkables)("makes the same sink of %s each time", (_name, make) => {
    const target = make();
    expect(toSink(target as never)).toBe(toSink(target as never));
  });

  it("returns a stream, and a view of one, as it is", () => {
    const to = stream();
    const view = sinkOnly(to);
    expect(toSink(to)).toBe(to);
    expect(toSink(view)).toBe(view);
  });

  it.each([...nothings, ["an array", []], ["a generator", generated()], ["a promise", Promise.resolve()]])(
    "refuses %s",
    (_name, x) => {
      expect(() => toSink(x as never)).toThrow(expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }));
      expect(toSink(x, "fallback")).toBe("fallback");
    },
  );
});

describe("isSourceable", () => {
  it.each(sourceables)("is true of %s", (_name, make) => {
    expect(isSourceable(make())).toBe(true);
  });

  it.each(nothings)("is false of %s", (_name, x) => {
    expect(isSourceable(x)).toBe(false);
  });

  it("is true of a stream, and false of its sink half", () => {
    expect([isSourceable(stream()), isSourceable(sinkOnly(stream()))]).toEqual([true, false]);
  });

  it("leaves what it is asked about alone", () => {
    const web = new ReadableStream();
    const node = Readable.from([1]);
    const emitter = new EventEmitter();
    const begun: unknown[] = [];
    const iterable = { [Symbol.asyncIterator]: () => begun.push("async"), [Symbol.iterator]: () => begun.push("sync") };
    for (const x of [web, node, emitter, iterable]) expect(isSourceable(x)).toBe(true);
    expect(web.locked).toBe(false);
    expect(node.eventNames()).not.toContain("readable");
    expect(emitter.eventNames()).toEqual([]);
    expect(begun).toEqual([]);
  });
});

describe("isSinkable", () => {
  it.each(sinkables)("is true of %s", (_name, make) => {
    expect(isSinkable(make())).toBe(true);
  });

  it.each(nothings)("is false of %s", (_name, x) => {
    expect(isSinkable(x)).toBe(false);
  });

  it("is true of a stream, and false of its source half", () => {
    expect([isSinkable(stream()), isSinkable(sourceOnly(stream()))]).toEqual([true, false]);
  });
});

describe("isStream", () => {
  it("is true of streams and their halves only", () => {
    expect([stream(), sourceOnly(stream()), sinkOnly(stream())].map(isStream)).toEqual([true, true, true]);
    expect([new Duplex(), [], deferred()].map(isStream)).toEqual([false, false, false]);
  });
});

describe("a stream that somebody else has written", () => {
  it("is a source and a sink by its public methods", async () => {
    const other = foreignStream();
    const [sink, source] = [toSink(other), toSource(other)];
    expect(await sink.put(1)).toBe(true);
    expect(await take(source)).toBe(1);
    const late = sink.put(2);
    expect(await sink.tryPut(3, 0, "full")).toBe("full");
    expect(await late).toBe(true);
    source.close();
    expect(other.isClosed()).toBe(true);
    expect(await sink.put(4)).toBe(false);
    expect(await take(source, "the end")).toBe("the end");
  });
});
