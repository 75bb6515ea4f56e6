import { describe, expect, it } from "@jest/globals";
import { readProjectFile } from "../sources.js";
import { exchangeRules, functionRules } from "./ring-rules.js";

const [, section = ""] =
  /^### Differs from Ring, because$(.*?)^###/ms.exec(readProjectFile("migration-guide.md")) ?? [];
const rows = section
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| here"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

describe("the rules of the recorded tables", () => {
  it.each([...exchangeRules, ...functionRules])("stand in the migration guide: $sentence", ({ sentence }) => {
    expect(rows.filter(([, here = ""]) => here !== "" && sentence.startsWith(here))).toHaveLength(1);
  });

  it("are as many as the guide has rows, each with what Ring does, and why", () => {
    expect(rows).toHaveLength(exchangeRules.length + functionRules.length);
    expect(rows.filter(([, , ring, because]) => !ring || !because)).toEqual([]);
  });
});
