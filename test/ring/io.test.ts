import { describe, expect, it } from "@jest/globals";
import { readText } from "../../src/byte-streams/core.js";
import { pipedInputStream, stringInputStream } from "../../src/ring/io.js";

describe("stringInputStream", () => {
  it("gives the bytes of the charset", async () => {
    expect(await readText(stringInputStream("é", "utf-16"), { encoding: "utf-16" })).toBe("é");
  });
});

describe("pipedInputStream", () => {
  it("ends when the writer is done, now or later", async () => {
    expect(await readText(pipedInputStream((output) => output.write("now")))).toBe("now");
    const later = pipedInputStream(async (output) => {
      await Promise.resolve();
      output.write("later");
    });
    expect(await readText(later)).toBe("later");
  });

  it.each([
    [
      "throws",
      () =>
        pipedInputStream(() => {
          throw new Error("no");
        }),
    ],
    ["rejects", () => pipedInputStream(() => Promise.reject(new Error("no")))],
  ])("fails when the writer %s", async (_how, pipe) => {
    await expect(async () => readText(pipe())).rejects.toMatchObject({ message: "no" });
  });
});
