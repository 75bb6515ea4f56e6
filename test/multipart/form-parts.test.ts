import { PassThrough, type Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { ByteBody } from "../../src/byte-streams/core.js";
import { type FormPartsOptions, formParts, MultipartReader } from "../../src/multipart/index.js";

const type = (boundary = "x"): string => `multipart/form-data; boundary="${boundary}"`;

interface Read {
  readonly name: string;
  readonly filename: string | undefined;
  readonly content: string;
}

async function readAll(body: ByteBody, options: FormPartsOptions & { boundary?: string } = {}): Promise<Read[]> {
  const parts: Read[] = [];
  for await (const part of formParts(body, type(options.boundary), options)) {
    const chunks: Buffer[] = [];
    for (let chunk = await part.read(); chunk !== undefined; chunk = await part.read()) chunks.push(chunk);
    const { name, filename } = part;
    parts.push({ name, filename, content: Buffer.concat(chunks).toString("latin1") });
  }
  return parts;
}

const part = (head: string, content: string, boundary = "x"): string =>
  `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;

/** A body in pieces of these lengths, over and over. */
async function* pieces(body: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < body.length; turn++) {
    const length = lengths[turn % lengths.length] as number;
    yield body.subarray(at, at + length);
    at += length;
  }
}

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
/** Content in which a delimiter nearly stands. */
const content = fc
  .array(fc.constantFrom("\r", "\n", "-", "--", "\r\n--", "\r\n--bou", "b", "bound", "\0", "\xff", "text"))
  .map((units) => units.join(""))
  .filter((text) => !text.includes("\r\n--bound"));

describe("formParts", () => {
  it("gives back the fields and files that a body was made of, however it comes in pieces", async () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b", "[", "]", "_", "."), minLength: 1, maxLength: 8 });
    const parts = fc.array(fc.record({ name, filename: fc.option(name, { nil: undefined }), content }));
    await fc.assert(
      fc.asyncProperty(parts, lengths, async (sent, lengths) => {
        const body = sent.map(({ name, filename, content }) => {
          const file = filename === undefined ? "" : `; filename="${filename}"`;
          return part(`name="${name}"${file}`, content, "bound");
        });
        const bytes = Buffer.from(`${body.join("")}--bound--\r\n`, "latin1");
        expect(await readAll(pieces(bytes, lengths), { boundary: "bound" })).toEqual(sent);
      }),
    );
  });

  it("makes the same of any bytes, however they come in pieces", async () => {
    const outcome = (body: ByteBody): Promise<unknown> =>
      readAll(body, { boundary: "bound", maxFileSize: 20 }).catch(({ code }: { code: string }) => code);
    const junk = fc
      .array(
        fc.oneof(
          content,
          fc.constantFrom(
            "--bound",
            "\r\n--bound\r\n",
            "\r\n\r\n",
            "Content-Disposition: form-data; name=a",
            "Content-Type: multipart/mixed; boundary=bounc\r\n",
            "--bounc\r\n",
          ),
        ),
      )
      .map((units) => Buffer.from(units.join(""), "latin1"));
    await fc.assert(
      fc.asyncProperty(junk, lengths, async (bytes, lengths) => {
        expect(await outcome(pieces(bytes, lengths))).toEqual(await outcome(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it("streams a part as it comes, no faster than it is read", async () => {
    const body = new PassThrough({ highWaterMark: 1000 });
    body.write(part('name="f"; filename="f"', "").slice(0, -2));
    const parts = formParts(body, type());
    const { value } = await parts.next();
    const stream = value?.stream() as Readable;
    const first = new Promise((resolve) => stream.once("data", resolve));
    body.write("hello");
    expect(String(await first)).toBe("hello");
    stream.pause();
    let sent = 0;
    while (body.write(Buffer.alloc(10_000)) || sent < 100) {
      sent++;
      // oxlint-disable-next-line no-await-in-loop -- what can flow, flows
      await new Promise(setImmediate);
    }
    expect(body.writableLength).toBeGreaterThan(100_000);
    await parts.return();
    expect(body.destroyed).toBe(true);
  });

  it("skips what was not read of a part, also while a stream over it reads ahead", async () => {
    const body = new PassThrough();
    const parts = formParts(body, type());
    body.write(part('name="f"; filename="f"', "12345").slice(0, -2));
    const first = await parts.next();
    first.value?.stream().once("data", () => {});
    const second = parts.next();
    body.end(`6789\r\n${part('name="b"', "2")}--x--`);
    expect((await second).value).toMatchObject({ name: "b" });
    expect(String(await (await second).value?.read())).toBe("2");
    expect(await parts.next()).toMatchObject({ done: true });
  });

  it("does not read on while a stream over a part still does, for that might take the end from it", async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    async function* body(): AsyncGenerator<string> {
      yield part('name="f"; filename="f"', "12345").slice(0, -2);
      await gate;
      yield "6789\r\n--x--";
    }
    const parts = formParts(body(), type());
    const stream = (await parts.next()).value?.stream() as Readable;
    // By now the stream wants more than there is.
    await new Promise((resolve) => stream.once("data", resolve));
    await new Promise(setImmediate);
    const next = parts.next();
    open();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("gives nothing of the next part to one that was left", async () => {
    const parts = formParts(`${part("name=a", "1")}${part("name=b", "2")}--x--`, type());
    const first = (await parts.next()).value;
    const second = (await parts.next()).value;
    expect(await first?.read()).toBeUndefined();
    expect(String(await second?.read())).toBe("2");
  });

  it("fails with what the body fails with, and the stream of the part does, too", async () => {
    const body = new PassThrough();
    const parts = formParts(body, type());
    body.write(part('name="f"; filename="f"', "1").slice(0, -2));
    const stream = (await parts.next()).value?.stream() as Readable;
    const read = stream.toArray();
    body.destroy();
    await expect(read).rejects.toMatchObject({ code: "RING_BODY_ABORTED" });
    await expect(parts.next()).rejects.toMatchObject({ code: "RING_BODY_ABORTED" });
  });

  it.each<[string, string, FormPartsOptions, string]>([
    ["a part that is too long", `${part("name=a", "12345")}--x--`, { maxFileSize: 4 }, "maxFileSize (4 bytes)"],
    ["a part that says it is", part("name=a\r\nContent-Length: 5", "1"), { maxFileSize: 4 }, "maxFileSize (4 bytes)"],
    ["a head that is too long", part(`name=${"a".repeat(500)}`, ""), {}, "maxPartHeaderSize (512 bytes)"],
    ["a head without end", `--x\r\n${"a: b\r\n".repeat(1000)}`, {}, "maxPartHeaderSize (512 bytes)"],
    ["too many parts", part("name=a", "1").repeat(3), { maxPartCount: 2 }, "maxPartCount (2 parts)"],
    ["too many parts without names", "--x\r\nA: b\r\n\r\n\r\n".repeat(1001), {}, "maxPartCount (1000 parts)"],
  ])("refuses %s, with the limit and its name", async (_what, body, options, message) => {
    await expect(readAll(body, options)).rejects.toMatchObject({
      code: "RING_MULTIPART_LIMIT",
      status: 413,
      message: expect.stringContaining(message),
    });
  });

  it("takes a head of 512 bytes, its empty line included", async () => {
    const head = (size: number): string =>
      `--x\r\n${`Content-Disposition: form-data; name=${"a".repeat(600)}`.slice(0, size - 4)}\r\n\r\n1\r\n--x--`;
    expect(await readAll(head(512))).toHaveLength(1);
    await expect(readAll(head(513))).rejects.toMatchObject({ code: "RING_MULTIPART_LIMIT" });
  });

  it.each([
    ["no boundary", "multipart/form-data"],
    ["an empty boundary", "multipart/form-data; boundary="],
    ["a boundary of 257 characters", `multipart/form-data; boundary=${"b".repeat(257)}`],
  ])("refuses %s", async (_what, contentType) => {
    await expect(formParts("", contentType).next()).rejects.toMatchObject({
      code: "RING_MULTIPART_MALFORMED",
      status: 400,
    });
  });
});

/** How long it takes to read this much of it. */
async function millisecondsFor(unit: string, boundary: string, before: string): Promise<number> {
  const chunk = Buffer.alloc(65_536, unit, "latin1");
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from(before);
    for (let sent = 0; sent < 320; sent++) yield chunk;
  }
  const start = performance.now();
  await readAll(body(), { boundary }).catch(() => {});
  return performance.now() - start;
}

describe("boundary look-alikes", () => {
  const dashes = "-".repeat(69);
  it.each([
    ["the beginning of a delimiter", "\r\n--bound", "boundary"],
    ["line ends", "\r\n", "boundary"],
    ["carriage returns", "\r", "boundary"],
    ["dashes, and a boundary of dashes", "-", `${dashes}x`],
    ["nearly whole delimiters", `\r\n--${dashes}`, `${dashes}x`],
    ["a pattern that repeats", "ab", `${"ab".repeat(127)}x`],
  ])(
    "take linear time: 20 MB of %s",
    async (_what, unit, boundary) => {
      const head = part('name="f"; filename="f"', "", boundary).slice(0, -2);
      expect(await millisecondsFor(unit, boundary, head)).toBeLessThan(4000);
      expect(await millisecondsFor(unit, boundary, "")).toBeLessThan(4000);
    },
    30_000,
  );

  it("take linear time in chunks of one byte", async () => {
    const bytes = Buffer.from(part('name="f"; filename="f"', "\r\n--boundar".repeat(10_000), "boundary"));
    await expect(readAll(pieces(bytes, [1]), { boundary: "boundary" })).rejects.toMatchObject({
      code: "RING_MULTIPART_MALFORMED",
    });
  }, 10_000);
});

describe("a preamble without end", () => {
  it("is skipped, and nothing of it kept", async () => {
    let asked = 0;
    const chunk = Buffer.alloc(65_536, "junk");
    async function* body(): AsyncGenerator<Buffer> {
      while (asked++ < 3200) yield chunk;
    }
    const before = process.memoryUsage().arrayBuffers;
    expect(await readAll(body())).toEqual([]);
    expect(asked).toBe(3201);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
  });
});

describe("MultipartReader", () => {
  it("tells how much it has read", async () => {
    const seen: number[] = [];
    const body = Buffer.from(`${part("name=a", "1")}--x--`);
    const reader = new MultipartReader(pieces(body, [30]), "x", { onRead: (bytes) => seen.push(bytes) });
    while ((await reader.nextPart()) !== undefined);
    expect(seen).toEqual([30, body.length]);
  });
});
