import { describe, expect, it } from "@jest/globals";
import { rows } from "../../bench/rows.js";
import { importsOf, readProjectFile, sourceFiles } from "../sources.js";

const sourceOf = (module: string) => `bench/${module.replace(/\.js$/, ".ts")}`;
const contenders = rows.flatMap((row) => row.contenders.map((contender) => ({ row, contender })));

describe("the rows of the benchmarks", () => {
  it("have names of their own", () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it.each(rows)("compare the contenders of $name with one of them", ({ baseline, contenders: all }) => {
    expect(all.map(({ name }) => name)).toContain(baseline);
  });

  it.each(contenders)("find $contender.name of $row.name in its file", ({ contender }) => {
    const { module, entry = "start" } = contender;
    expect(sourceFiles("bench")).toContain(sourceOf(module));
    const exported = new RegExp(`^export (async )?(function ${entry}\\(|const ${entry}: Task =)`, "m");
    expect(readProjectFile(sourceOf(module))).toMatch(exported);
  });

  it.each(contenders)("set targets for $contender.name of $row.name against its rivals", ({ row, contender }) => {
    const rivals = row.contenders.filter(({ name }) => name !== contender.name).map(({ name }) => name);
    expect(rivals).toEqual(expect.arrayContaining(Object.keys(contender.targets ?? {})));
  });

  it.each(contenders.filter(({ row }) => !["micro", "memory"].includes(row.load.kind)))(
    "mark $contender.name of $row.name as the kit's own, or not",
    ({ contender }) => {
      const usesKit = importsOf(readProjectFile(sourceOf(contender.module))).includes("express-ring");
      expect(contender.kit ?? false).toBe(usesKit);
    },
  );
});
