import { describe, expect, it } from "@jest/globals";
import { ownTimes } from "../../bench/profile.js";

const node = (id: number, functionName: string, url = "", lineNumber = 0) => ({
  id,
  callFrame: { functionName, url, lineNumber },
});

describe("ownTimes", () => {
  it("adds up a function's samples, wherever it was called from, and leaves out idle time", () => {
    const write = "file:///home/ada/app/dist/src/message/write.js";
    const nodes = [
      node(1, "(root)"),
      node(2, "write", write, 9),
      node(3, "write", write, 9),
      node(4, "", "file:///home/ada/app/node_modules/express/lib/router.js", 41),
      node(5, "(garbage collector)"),
      node(6, "(idle)"),
    ];
    const profile = { nodes, samples: [1, 2, 3, 4, 5, 6], timeDeltas: [100, 30, 30, 30, 10, 500] };
    expect(ownTimes(profile)).toEqual([
      { where: "write src/message/write.js:10", part: 0.6 },
      { where: "(anonymous) express/lib/router.js:42", part: 0.3 },
      { where: "(garbage collector)", part: 0.1 },
    ]);
  });
});
