import { describe, expect, it } from "@jest/globals";
import { drain, mark, push, pushBelow, type Task } from "../../src/deferred/propagation.js";

const calls: string[] = [];

/** A task that says its name, and leaves further tasks behind. */
const task = (name: string, ...further: Task[]): Task => ({
  run() {
    calls.push(name);
    for (const each of further) push(each);
  },
});

/** The names of the tasks that `body` sets in motion, in the order in which they run. */
function order(body: () => void): string[] {
  calls.length = 0;
  const base = mark();
  body();
  drain(base);
  expect(mark()).toBe(base);
  return [...calls];
}

describe("drain", () => {
  it("runs what was pushed last first, and what a task leaves behind before the rest", () => {
    const ran = order(() => {
      push(task("c"));
      push(task("a", task("a2"), task("a1", task("a1a"))));
    });
    expect(ran).toEqual(["a", "a1", "a1a", "a2", "c"]);
  });

  it("leaves what was pushed before the mark to the drain around it", () => {
    const ran = order(() => {
      push(task("outer"));
      const base = mark();
      push(task("inner"));
      drain(base);
      calls.push("inner is drained");
    });
    expect(ran).toEqual(["inner", "inner is drained", "outer"]);
  });
});

describe("pushBelow", () => {
  it("leaves a task for when all is done that was pushed since the mark", () => {
    const ran = order(() => {
      push(task("last"));
      const base = mark();
      push(task("second"));
      push(task("first", task("left behind")));
      pushBelow(base, task("below"));
    });
    expect(ran).toEqual(["first", "left behind", "second", "below", "last"]);
  });
});
