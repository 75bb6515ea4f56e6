import { describe, expect, it } from "@jest/globals";
import {
  buffer,
  close,
  connect,
  consume,
  map,
  put,
  putAll,
  splice,
  stream,
  streamOf,
  take,
  toSource,
  type WatchedGraph,
  watchStreams,
} from "../../src/stream/index.js";

const named = (name: string, bufferSize = 0) =>
  streamOf<number>({ bufferSize, description: (description) => ({ ...description, name }) });

const countsOf = ({ nodes }: WatchedGraph): Record<string, number | undefined> =>
  Object.fromEntries(
    nodes.map(({ description, type, messages }) => [(description["name"] as string) ?? type, messages]),
  );

describe("watchStreams", () => {
  it("finds every stream that is made from then on, and counts what leaves it", async () => {
    const before = named("before");
    const watch = watchStreams();
    const numbers = named("numbers", 10);
    const seen: number[] = [];
    consume(
      (n: number) => void seen.push(n),
      map((n: number) => n * 2, numbers),
    );
    const waiting = named("waiting");
    const taken = take(waiting);
    put(waiting, 1);
    await taken;
    await putAll(numbers, [1, 2, 3]);
    expect(countsOf(watch.graph())).toEqual({ numbers: 3, manifold: 3, callback: undefined, waiting: 1 });
    expect(seen).toEqual([2, 4, 6]);
    connect(before, numbers);
    expect(countsOf(watch.graph())).not.toHaveProperty("before");
    watch.stop();
  });

  it("counts messages, not the end", async () => {
    const watch = watchStreams();
    const source = toSource(
      (function* () {
        yield 1;
        yield 2;
      })(),
    );
    // It is drained, but still fed.
    const other = stream<number>();
    connect(named("feeding"), other);
    const last = take(other, "none");
    close(other);
    expect(await last).toBe("none");
    expect(watch.graph().nodes.map(({ messages }) => messages)).toEqual([0, 0, 0]);
    await take(source);
    expect(watch.graph().nodes.map(({ messages }) => messages)).toEqual([1, 0, 0]);
    watch.stop();
  });

  it("keeps the ids of streams, under all views of them", () => {
    const watch = watchStreams();
    const a = named("a");
    const [first] = watch.graph().nodes;
    const b = named("b");
    close(a);
    expect(watch.graph().nodes.map(({ id }) => id)).toEqual(watch.idsOf(b));
    expect(watch.idsOf(splice(a, b))).toEqual([first?.id, ...watch.idsOf(b)].toReversed());
    watch.stop();
  });

  it("shows the parts of a window as one", () => {
    const watch = watchStreams();
    const numbers = named("numbers");
    buffer(5, numbers);
    expect(watch.graph().nodes).toHaveLength(2);
    watch.stop();
  });

  it("leaves streams alone when it is stopped", async () => {
    const watch = watchStreams();
    watch.stop();
    const numbers = stream<number>(1);
    await put(numbers, 1);
    expect(Object.hasOwn(numbers, "poll")).toBe(false);
    expect(watch.graph()).toEqual({ nodes: [], edges: [] });
  });

  it("forgets the older ones beyond its limit", () => {
    const watch = watchStreams({ limit: 4 });
    const all = Array.from({ length: 5 }, (_, place) => named(`${place}`));
    expect(Object.keys(countsOf(watch.graph()))).toEqual(["2", "3", "4"]);
    expect(all).toHaveLength(5);
    watch.stop();
  });

  it("refuses options that there are not", () => {
    expect(() => watchStreams({ limits: 1 } as never)).toThrow("there are limit");
    expect(() => watchStreams({ limit: 0 })).toThrow("above 0");
  });
});
