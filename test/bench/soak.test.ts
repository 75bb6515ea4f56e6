import { describe, expect, it } from "@jest/globals";
import { tally, textOf, Watch } from "../../bench/soak/messages.js";
import { soak } from "../../bench/soak/soak.js";

describe("soak", () => {
  it("loses nothing of 300 websockets and 60 event streams in 3 seconds", async () => {
    const hooks = new URL("../typescript-hooks.mjs", import.meta.url).href;
    const execArgv = ["--import", hooks, "--no-warnings"];
    const { websockets, events } = await soak({ websockets: 300, events: 60, seconds: 3, execArgv });
    expect(websockets).toMatchObject({ clients: 300, sent: 3, received: 900, lost: 0, dropped: 0 });
    // A third of them has left.
    expect(events).toMatchObject({ clients: 40, sent: 30, received: 1200, lost: 0, dropped: 0 });
    expect(websockets.memory).toBeGreaterThan(0);
  }, 90_000);
});

describe("tally", () => {
  const watchOf = (...numbers: readonly number[]): Watch => {
    const watch = new Watch();
    for (const number of numbers) watch.see(textOf("broadcast", number));
    return watch;
  };

  it.each([
    [0, [0, 1, 2]],
    [1, [0, 1]],
    [1, [0, 2]],
    [3, []],
    [1, [1, 2]],
    [1, [0, 1, 2, 2]],
  ])("counts %j lost of three messages, when %j came", (lost, numbers) => {
    expect(tally([watchOf(...numbers)], 3)).toMatchObject({ clients: 1, received: numbers.length, lost });
  });
});
