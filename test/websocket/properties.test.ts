import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { put, take } from "../../src/stream/index.js";
import { websocketClose } from "../../src/websocket/control.js";
import { type Pair, servers, turn, withPair } from "./peers.js";

/** Sizes around those at which something changes: frames, chunks, marks. */
const size = fc.oneof(
  fc.integer({ min: 0, max: 200 }),
  fc.constantFrom(125, 126, 16_383, 16_384, 16_385, 65_535, 65_536, 200_000),
);

type Step =
  | { readonly kind: "client sends"; readonly sizes: readonly number[] }
  | { readonly kind: "server puts"; readonly sizes: readonly number[] }
  | { readonly kind: "server takes"; readonly count: number }
  | { readonly kind: "client reads"; readonly reads: boolean }
  | { readonly kind: "turn"; readonly times: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("client sends" as const), sizes: fc.array(size, { maxLength: 30 }) }),
  fc.record({ kind: fc.constant("server puts" as const), sizes: fc.array(size, { maxLength: 30 }) }),
  fc.record({ kind: fc.constant("server takes" as const), count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ kind: fc.constant("client reads" as const), reads: fc.boolean() }),
  fc.record({ kind: fc.constant("turn" as const), times: fc.integer({ min: 1, max: 5 }) }),
);

type Ending = "stream close" | "websocketClose" | "client closes" | "client is cut";
const ending = fc.constantFrom<Ending>("stream close", "websocketClose", "client closes", "client is cut");

/** A message that knows its place, of a given size at least. */
const message = (place: number, length: number): string => `${place}:${"x".repeat(length)}`;
const placeOf = (text: unknown): number => Number.parseInt(text as string, 10);

class Run {
  readonly #pair: Pair;
  readonly taken: number[] = [];
  readonly received: number[] = [];
  readonly answers: unknown[] = [];
  sent = 0;
  put = 0;
  pendingTakes = 0;
  /** Takes that got a message after another one had been told that there are no more. */
  takenAfterEnd = 0;
  #hasEnded = false;

  constructor(pair: Pair) {
    this.#pair = pair;
    pair.client.ws.on("message", (data: Buffer) => this.received.push(placeOf(data.toString())));
  }

  async do(todo: Step): Promise<void> {
    const { duplex, client } = this.#pair;
    switch (todo.kind) {
      case "client sends":
        for (const length of todo.sizes) client.ws.send(message(this.sent++, length));
        return;
      case "server puts":
        for (const length of todo.sizes) {
          const place = this.put++;
          put(duplex, message(place, length)).onRealized(
            (answer) => {
              this.answers[place] = answer;
            },
            () => {},
          );
        }
        return;
      case "server takes":
        for (let i = 0; i < todo.count; i++) this.#take();
        return;
      case "client reads":
        if (todo.reads) client.ws.resume();
        else client.ws.pause();
        return;
      case "turn":
        await turn(todo.times);
    }
  }

  async end(how: Ending): Promise<void> {
    const { duplex, client } = this.#pair;
    if (how !== "client is cut") client.ws.resume();
    if (how === "stream close") duplex.close();
    else if (how === "websocketClose") websocketClose(duplex, 4000);
    else if (how === "client closes") client.ws.close(4001);
    else client.ws.terminate();
    while (!duplex.isDrained()) {
      this.#take();
      await turn();
    }
    await duplex.closed;
    await client.closed;
    await turn(2);
  }

  #take(): void {
    this.pendingTakes++;
    take(this.#pair.duplex, "the end").onRealized(
      (found) => {
        this.pendingTakes--;
        if (found === "the end") this.#hasEnded = true;
        else {
          this.taken.push(placeOf(found));
          if (this.#hasEnded) this.takenAfterEnd++;
        }
      },
      () => {},
    );
  }
}

describe.each(servers)("any course of events over %s", (_name, Server) => {
  it("loses and reorders nothing, and answers every put and take", async () => {
    const check = async (steps: readonly Step[], how: Ending, pair: Pair): Promise<void> => {
      const run = new Run(pair);
      for (const todo of steps) await run.do(todo);
      await run.end(how);
      const { taken, received, answers, sent } = run;
      // What was taken are the first messages sent, in order; after an orderly end by the client, all of them.
      expect(taken).toEqual([...taken.keys()]);
      expect(taken.length).toBeLessThanOrEqual(sent);
      if (how === "client closes") expect(taken).toHaveLength(sent);
      // What was received likewise; after an orderly end by the server, all of it, and every put was accepted.
      expect(received).toEqual([...received.keys()]);
      if (how === "stream close" || how === "websocketClose") {
        expect(received).toHaveLength(run.put);
        expect(new Set(answers)).not.toContain(false);
      }
      expect(Object.keys(answers)).toHaveLength(run.put);
      expect(run).toMatchObject({ pendingTakes: 0, takenAfterEnd: 0 });
      expect(pair.duplex.isClosed()).toBe(true);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), ending, (steps, how) =>
        withPair(Server, {}, (pair) => check(steps, how, pair)),
      ),
      { numRuns: 60, interruptAfterTimeLimit: 30_000 },
    );
    expect.hasAssertions();
  }, 60_000);
});
