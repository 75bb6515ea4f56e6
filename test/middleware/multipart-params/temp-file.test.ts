import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type TempFile, tempFileStore } from "../../../middleware/multipart-params/temp-file.js";
import { mockClock } from "../../../src/clock/index.js";
import { uploadOf } from "./upload.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "temp-file-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const upload = (stream: Readable = Readable.from([Buffer.from("content")])) => uploadOf(stream);

/** Waits until the file is gone. */
async function gone(path: string): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- jest's own limit of time ends it
  while (existsSync(path)) await new Promise(setImmediate);
}

describe("tempFileStore", () => {
  it("writes a file that only this user may read", async () => {
    const { tempfile, ...rest } = await tempFileStore({ directory })(upload(), {});
    expect(rest).toEqual({ filename: "a.txt", contentType: undefined, size: 7 });
    expect(readFileSync(tempfile, "utf8")).toBe("content");
    expect(statSync(tempfile).mode & 0o777).toBe(0o600);
    rmSync(tempfile);
  });

  it("leaves no file of an upload that fails, early or late", async () => {
    const store = tempFileStore({ directory });
    const early = new PassThrough();
    early.destroy(new Error("early"));
    await expect(store(upload(early), {})).rejects.toThrow("early");
    const late = new PassThrough();
    late.write("half");
    const stored = store(upload(late), {}) as Promise<TempFile>;
    // oxlint-disable-next-line no-await-in-loop -- it writes by itself
    while (readdirSync(directory).length === 0) await new Promise(setImmediate);
    late.destroy(new Error("late"));
    await expect(stored).rejects.toThrow("late");
    const atOnce = new PassThrough();
    const opening = store(upload(atOnce), {}) as Promise<TempFile>;
    atOnce.destroy(new Error("at once"));
    await expect(opening).rejects.toThrow("at once");
    expect(readdirSync(directory)).toEqual([]);
  });

  it("fails if it cannot write", async () => {
    const store = tempFileStore({ directory: join(directory, "missing") });
    await expect(store(upload(), {})).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("deletes files when they are old enough, and not before", async () => {
    const clock = mockClock();
    const store = tempFileStore({ directory, clock, expiresIn: 10 });
    const first = await store(upload(), {});
    clock.advance(9_000);
    const second = await store(upload(), {});
    clock.advance(1_000);
    await gone(first.tempfile);
    expect(existsSync(second.tempfile)).toBe(true);
    clock.advance(9_000);
    expect(existsSync(second.tempfile)).toBe(true);
    clock.advance(1_000);
    await gone(second.tempfile);
    const third = await store(upload(), {});
    clock.advance(10_000);
    await gone(third.tempfile);
  });

  it("starts nothing before the first file, and nothing at all if files do not expire", async () => {
    const started: number[] = [];
    const clock = { ...mockClock(), every: (delay: number) => (started.push(delay), () => {}) };
    const store = tempFileStore({ directory, clock, expiresIn: 10 });
    const keeping = tempFileStore({ directory, clock, expiresIn: null });
    await keeping.remove?.(await keeping(upload(), {}));
    expect(started).toEqual([]);
    await store.remove?.(await store(upload(), {}));
    expect(started).toEqual([10_000]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("minds it not if a file was moved away", async () => {
    const store = tempFileStore({ directory });
    const stored = await store(upload(), {});
    rmSync(stored.tempfile);
    await store.remove?.(stored);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("does not keep the process alive, and deletes its files when it exits", () => {
    const source = new URL("../../../middleware/multipart-params/temp-file.ts", import.meta.url).href;
    const hooks = new URL("../../typescript-hooks.mjs", import.meta.url).href;
    const program = `
      import { readdirSync } from "node:fs";
      import { tempFileStore } from ${JSON.stringify(source)};
      const directory = ${JSON.stringify(directory)};
      const chunks = [Buffer.from("a")];
      await tempFileStore({ directory })({ filename: "", read: () => chunks.pop() }, {});
      console.log(readdirSync(directory).length);`;
    const { stdout, status } = spawnSync(
      process.execPath,
      ["--no-warnings", "--import", hooks, "--input-type=module", "--eval", program],
      { encoding: "utf8", timeout: 20_000 },
    );
    expect([stdout, status]).toEqual(["1\n", 0]);
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([0, -1, Number.NaN])("refuses to let files expire after %p seconds", (expiresIn) => {
    expect(() => tempFileStore({ expiresIn })).toThrow(expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }));
  });
});
