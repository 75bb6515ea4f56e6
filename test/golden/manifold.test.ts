import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { setLogger } from "../../src/errors/index.js";
import { programFiles, readPrograms } from "./manifold-runner/program.js";
import { run } from "./manifold-runner/run.js";

/** So many failing programs of a file are shown in full. */
const SHOWN = 20;

/** What the kit is not meant to do: copy defects of Manifold. */
const skipped = (tags: readonly string[] = []): boolean => tags.includes("bug");

let loggerBefore: ReturnType<typeof setLogger>;
beforeAll(() => {
  // The programs throw in listeners and callbacks on purpose.
  loggerBefore = setLogger(() => {});
});
afterAll(() => {
  setLogger(loggerBefore);
});

/** As an error, because jest prints its message as it is. */
function report(failures: readonly string[], count: number): void {
  if (failures.length === 0) return;
  throw new Error([`${failures.length} of ${count} programs differ`, ...failures.slice(0, SHOWN)].join("\n\n"));
}

describe("the programs recorded from Manifold", () => {
  it.each(programFiles())("run alike: %s", async (file) => {
    const programs = readPrograms(file).filter(({ tags }) => !skipped(tags));
    const failures: string[] = [];
    for (const program of programs) {
      const differences = await run(program);
      if (differences !== null) failures.push(differences);
    }
    report(failures, programs.length);
    expect(failures).toHaveLength(0);
  });
});
