import { describe, expect, it } from "@jest/globals";
import { importsOf, readProjectFile, sourceFiles } from "../sources.js";

describe("express-ring/opentelemetry", () => {
  const importing = (part: RegExp): string[] =>
    ["src", "middleware"]
      .flatMap(sourceFiles)
      .filter((path) => !path.startsWith("src/opentelemetry/"))
      .filter((path) => importsOf(readProjectFile(path)).some((specifier) => part.test(specifier)));

  it("is the only part that loads OpenTelemetry's API, and loaded by no other", () => {
    expect(importing(/opentelemetry/)).toEqual([]);
    // The search finds what is there.
    expect(importing(/diagnostics_channel/)).toEqual(["src/ring/diagnostics/channels.ts"]);
  });
});
