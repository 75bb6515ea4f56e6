import { describe, expect, it } from "@jest/globals";
import {
  from,
  lastValueFrom,
  map,
  Observable,
  of,
  ReplaySubject,
  range,
  Subject,
  take as takeFirst,
  throwError,
  toArray,
} from "rxjs";
import {
  close,
  connect,
  consume,
  description,
  fromObservable,
  isClosed,
  isDrained,
  put,
  stream,
  take,
  toObservable,
  toSink,
  toSource,
} from "../../src/stream/index.js";
import { collect, logged, rest } from "./kit.js";

/** An observable that tells what happens to it. */
function watched(log: string[], send: (next: (n: number) => void, complete: () => void) => void) {
  return new Observable<number>((subscriber) => {
    log.push("subscribed");
    send(
      (n) => subscriber.next(n),
      () => subscriber.complete(),
    );
    return () => log.push("unsubscribed");
  });
}

/** An observer that keeps what it is told. */
function keeping<T>() {
  const told: unknown[] = [];
  return {
    told,
    observer: {
      next: (message: T) => told.push(message),
      error: (error: unknown) => told.push(`error: ${String(error)}`),
      complete: () => told.push("complete"),
    },
  };
}

describe("an observable as a source", () => {
  it("gives its messages and is drained when it completes", async () => {
    const source = toSource<number>(of(1, 2, 3));
    expect(await collect(source)).toEqual([1, 2, 3]);
    expect(isDrained(source)).toBe(true);
  });

  it("is subscribed to by the first take, once, and not before", async () => {
    const log: string[] = [];
    const source = toSource<number>(watched(log, (next) => [1, 2].forEach(next)));
    expect(log).toEqual([]);
    expect([await take(source), await take(source)]).toEqual([1, 2]);
    expect(log).toEqual(["subscribed"]);
  });

  it("is subscribed to by a connection, each for itself", () => {
    const log: string[] = [];
    const observable = watched(log, (next, complete) => {
      [1, 2].forEach(next);
      complete();
    });
    const seen: number[] = [];
    for (let i = 0; i < 2; i++) consume((n: number) => seen.push(n), observable);
    expect(seen).toEqual([1, 2, 1, 2]);
    expect(log).toEqual(["subscribed", "unsubscribed", "subscribed", "unsubscribed"]);
  });

  it("overflows no consumer that keeps up, whatever it sends at once", async () => {
    let sum = 0;
    await consume(
      (n: number) => {
        sum += n;
      },
      range(1, 100_000),
    );
    expect(sum).toBe(5_000_050_000);
  });

  it("is unsubscribed from when the source is closed, also if it was never subscribed to", async () => {
    const log: string[] = [];
    const observable = watched(log, () => {});
    close(toSource(observable));
    expect(log).toEqual([]);
    const source = toSource<number>(observable);
    const taken = take(source, "the end");
    close(source);
    expect(await taken).toBe("the end");
    expect(log).toEqual(["subscribed", "unsubscribed"]);
  });

  it("is unsubscribed from by leaving a loop, and by a sink that refuses", async () => {
    for (const stop of ["loop", "sink"]) {
      const subject = new ReplaySubject<number>();
      [1, 2, 3].forEach((n) => subject.next(n));
      if (stop === "loop") for await (const n of toSource<number>(subject)) if (n === 2) break;
      if (stop === "sink") {
        const to = stream<number>(1);
        close(to);
        connect(subject, to);
      }
      expect([stop, subject.observed]).toEqual([stop, false]);
    }
  });

  it("fails one take with its error, after what waits", async () => {
    const subject = new Subject<number>();
    const source = toSource<number>(subject);
    const first = take(source);
    [1, 2].forEach((n) => subject.next(n));
    subject.error(new Error("boom"));
    expect([await first, await take(source)]).toEqual([1, 2]);
    await expect(take(source)).rejects.toThrow("boom");
    expect(isDrained(source)).toBe(true);
    await expect(take(toSource(throwError(() => "at once")))).rejects.toBe("at once");
  });

  it("fails when subscribing throws", async () => {
    const broken = {
      "@@observable": () => ({
        subscribe: () => {
          throw new Error("cannot subscribe");
        },
      }),
    };
    await expect(take(toSource(broken))).rejects.toThrow("cannot subscribe");
  });

  it("ends with an error when more wait than may", async () => {
    const subject = new Subject<number>();
    const source = fromObservable<number>(subject, { bound: 2 });
    const first = take(source);
    for (let i = 0; i < 10; i++) subject.next(i);
    expect(subject.observed).toBe(false);
    expect([await first, await take(source), await take(source)]).toEqual([0, 1, 2]);
    await expect(take(source)).rejects.toMatchObject({ code: "RING_OVERFLOW" });
  });

  it("can keep the latest only", async () => {
    const subject = new Subject<number>();
    const source = fromObservable<number>(subject, { bound: 1, overflow: "dropOldest" });
    const first = take(source);
    await logged(() => {
      for (let i = 0; i < 10; i++) subject.next(i);
    });
    expect([await first, await take(source)]).toEqual([0, 9]);
    expect(description(source).dropped).toBe(8);
    subject.complete();
  });

  it("is known by either name of the method, and refused without it", async () => {
    const subscribe = of("a").subscribe.bind(of("a"));
    expect(await collect(toSource({ "@@observable": () => ({ subscribe }) } as never))).toEqual(["a"]);
    const symbol = Symbol("observable");
    Object.defineProperty(Symbol, "observable", { value: symbol, configurable: true });
    try {
      expect(await collect(toSource({ [symbol]: () => ({ subscribe }) } as never))).toEqual(["a"]);
    } finally {
      Reflect.deleteProperty(Symbol, "observable");
    }
    expect(() => fromObservable({ subscribe })).toThrow(expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }));
  });
});

describe("an observer as a sink", () => {
  it("is told of every message at once, and of the end", async () => {
    const { told, observer } = keeping<number>();
    const sink = toSink<number>(observer);
    expect(await put(sink, 1)).toBe(true);
    close(sink);
    close(sink);
    expect(told).toEqual([1, "complete"]);
    expect(await put(sink, 2)).toBe(false);
  });

  it("can be a subject, which refuses when it is closed", async () => {
    const subject = new Subject<number>();
    const seen: number[] = [];
    subject.subscribe((n) => seen.push(n));
    connect([1, 2], subject);
    expect(seen).toEqual([1, 2]);
    expect(subject.isStopped).toBe(true);
    const other = new Subject<number>();
    other.unsubscribe();
    expect(await put(toSink<number>(other), 1)).toBe(false);
  });

  it("fails the put when it throws", async () => {
    const throwing = {
      ...keeping().observer,
      next: () => {
        throw new Error("boom");
      },
    };
    await expect(put(toSink<number>(throwing), 1)).rejects.toThrow("boom");
  });
});

describe("toObservable", () => {
  it("is what from of rxjs takes", async () => {
    const source = stream<number>(3);
    [1, 2, 3].forEach((n) => put(source, n));
    close(source);
    const doubled = from(toObservable(source)).pipe(
      map((n) => n * 2),
      toArray(),
    );
    expect(await lastValueFrom(doubled)).toEqual([2, 4, 6]);
  });

  it("closes the source when rxjs has had enough", async () => {
    const source = stream<number>(3);
    [1, 2, 3].forEach((n) => put(source, n));
    const first = await lastValueFrom(from(toObservable(source)).pipe(takeFirst(2), toArray()));
    expect(first).toEqual([1, 2]);
    expect(isClosed(source)).toBe(true);
    expect(await take(source)).toBe(3);
  });

  it("stops an endless sequence that is there at once", async () => {
    function* endless() {
      for (let i = 0; ; i++) yield i;
    }
    expect(await lastValueFrom(from(toObservable(endless())).pipe(takeFirst(3), toArray()))).toEqual([0, 1, 2]);
    const seen: number[] = [];
    toObservable(endless()).subscribe({
      start: (subscription) => {
        Object.assign(seen, { subscription });
      },
      next: (n) => {
        seen.push(n);
        if (n === 2) (seen as never as { subscription: { unsubscribe(): void } }).subscription.unsubscribe();
      },
    });
    expect([...seen]).toEqual([0, 1, 2]);
  });

  it("tells everyone who is subscribed of each message, and takes nothing before", async () => {
    const source = stream<number>(1);
    const [first, second] = [keeping<number>(), keeping<number>()];
    const observable = toObservable(source);
    put(source, 1);
    observable.subscribe(first.observer);
    observable.subscribe(second.observer);
    put(source, 2);
    close(source);
    expect([first.told, second.told]).toEqual([
      [1, 2, "complete"],
      [2, "complete"],
    ]);
  });

  it("closes the source when the last one unsubscribes, not before, and tells them nothing more", () => {
    const source = stream<number>();
    const [first, second] = [keeping<number>(), keeping<number>()];
    const observable = toObservable(source);
    const subscriptions = [first, second].map(({ observer }) => observable.subscribe(observer));
    subscriptions[0]?.unsubscribe();
    subscriptions[0]?.unsubscribe();
    expect([subscriptions.map(({ closed }) => closed), isClosed(source)]).toEqual([[true, false], false]);
    put(source, 1);
    subscriptions[1]?.unsubscribe();
    expect(isClosed(source)).toBe(true);
    expect([first.told, second.told]).toEqual([[], [1]]);
  });

  it("tells the error of the source, also to who subscribes later", async () => {
    const observable = toObservable(
      (function* () {
        yield 1;
        throw "boom";
      })(),
    );
    const [first, second] = [keeping<number>(), keeping<number>()];
    observable.subscribe(first.observer);
    observable.subscribe(second.observer);
    expect([first.told, second.told]).toEqual([[1, "error: boom"], ["error: boom"]]);
  });

  it("logs an error that nobody handles, and the throw of an observer, which harms nobody else", async () => {
    const observable = toObservable([1]);
    const { told, observer } = keeping<number>();
    const source = stream<number>();
    const shared = toObservable(source);
    const entries = await logged(() => {
      toObservable(throwing()).subscribe((n) => told.push(n));
      observable.subscribe(() => {
        throw new Error("in an observer");
      });
      shared.subscribe({
        next: () => {
          throw new Error("in the first of two");
        },
      });
      shared.subscribe(observer);
      put(source, 2);
    });
    expect(entries).toMatchObject(["boom", { message: "in an observer" }, { message: "in the first of two" }]);
    expect(told).toEqual([2]);
  });

  it("takes functions, and an observer with some of them", async () => {
    const told: unknown[] = [];
    const tell = (what: unknown) => () => told.push(what);
    toObservable([1]).subscribe((n) => told.push(n), null, tell("complete"));
    toObservable(throwing()).subscribe(undefined, tell("error"));
    toObservable([1]).subscribe({ complete: tell("only complete") });
    toObservable([1]).subscribe();
    expect(told).toEqual([1, "complete", "error", "only complete"]);
  });

  it("waits for messages without holding anything", async () => {
    const source = stream<number>();
    const { told, observer } = keeping<number>();
    toObservable(source).subscribe(observer);
    await rest();
    for (let i = 0; i < 100_000; i++) put(source, i);
    close(source);
    expect(told).toHaveLength(100_001);
  });

  it("comes back as a source", async () => {
    expect(await collect(toSource<number>(toObservable([1, 2])))).toEqual([1, 2]);
  });
});

function* throwing(): Generator<number> {
  yield* [];
  throw "boom";
}
