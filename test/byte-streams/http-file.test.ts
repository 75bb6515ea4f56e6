import { describe, expect, it } from "@jest/globals";
import { file } from "../../src/byte-streams/core.js";
import { toString } from "../../src/byte-streams/index.js";
import { newPath, written } from "./samples.js";

describe("file", () => {
  // Test idea 116.
  it.each([
    ["a negative offset", [-1], "offset"],
    ["half an offset", [0.5], "offset"],
    ["no length", [0, 0], "length"],
    ["a negative length", [0, -1], "length"],
    ["chunks of nothing", [0, 1, 0], "chunkSize"],
  ] as const)("refuses %s, in place", (_what, numbers, name) => {
    expect(() => file("package.json", ...(numbers as readonly number[]))).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining(name) }),
    );
  });

  it("is a region of a file, or what is left of it", async () => {
    const path = written("this is a file");
    expect(await toString(file(path, 5, 4))).toBe("is a");
    expect(await toString(file(path, 5))).toBe("is a file");
    expect(await toString(file(path))).toBe("this is a file");
    expect(await toString(file(path, 14))).toBe("");
  });

  it.each([
    ["a file that is not there", () => file(newPath()), "ENOENT"],
    ["a folder", () => file("/tmp"), "EISDIR"],
    ["a region beyond the end", () => file(written("abc"), 2, 2), "RING_FILE_REGION"],
    ["an offset beyond the end", () => file(written("abc"), 4), "RING_FILE_REGION"],
  ])("fails when it is read, of %s", async (_what, make, code) => {
    await expect(toString(make())).rejects.toMatchObject({ code });
  });
});
