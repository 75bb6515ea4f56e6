import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import express from "express";
import fc from "fast-check";
import * as http from "../../src/http/index.js";
import { expressOf, type Handler, type RingRequest, ring } from "../../src/index.js";
import { isDrained, onDrained, take } from "../../src/stream/index.js";
import { afterThisTest, gate, listen, pool, textOf } from "./servers.js";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "express-ring-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const files = (): string[] => readdirSync(directory);
const decode = (request: Partial<RingRequest>, options: http.DecodeRequestOptions = {}) =>
  http.decodeRequest(request, { directory, ...options, manualCleanup: false });

/** A request that is on no wire. */
const form = (body: RingRequest["body"], type = "multipart/form-data; boundary=x") => ({
  headers: { "content-type": type },
  body,
});
const field = (name: string, content: string): string =>
  `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;
const upload = (name: string, content: string, filename = "a.bin"): string =>
  `--x\r\ncontent-disposition: form-data; name="${name}"; filename="${filename}"\r\ncontent-type: image/png\r\n\r\n${content}\r\n`;
const END = "--x--\r\n";

async function failureOf(body: RingRequest["body"], options: http.DecodeRequestOptions = {}, type?: string) {
  try {
    for await (const part of decode(form(body, type), options)) if (part.isFile) await textOf(part.content);
  } catch (error) {
    return error;
  }
  return undefined;
}

/** An app whose answers to forms are the handler's. */
async function serveForms(handler: Handler) {
  const app = express();
  app.use(ring(handler));
  app.use((error: { status?: number; code?: string }, _req: unknown, res: express.Response, _next: unknown) => {
    res.status(error.status ?? 500).end(error.code);
  });
  return listen(createServer(app));
}

/** Descriptors of this process that lead into the folder. */
const descriptors = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      return target.startsWith(directory) ? [target] : [];
    } catch {
      return [];
    }
  });

/** Waits until the folder, and what this process has open of it, is gone. */
async function untilEmpty(): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- the disk works by itself, and tells nobody
  while (files().length > 0 || descriptors().length > 0) await new Promise(setImmediate);
}

interface Read {
  readonly [key: string]: unknown;
}

async function readPart({ content, file, ...facts }: http.DecodedPart): Promise<Read> {
  const wasThere = file !== undefined && existsSync(file);
  return { ...facts, content: typeof content === "string" ? content : await textOf(content), wasThere };
}

describe("decodeRequest", () => {
  // Ideas 113 and 114.
  it.each([0, 12, undefined, Number.POSITIVE_INFINITY])(
    "gives the eight parts that the client sends, with a memoryLimit of %p, and leaves no file",
    async (memoryLimit) => {
      const path = join(directory, "file.txt");
      writeFileSync(path, "this is a file");
      const { url } = await serveForms(async (request) => {
        const parts: Read[] = [];
        for await (const part of http.decodeRequest(request, { directory, memoryLimit }))
          parts.push(await readPart(part));
        return { status: 200, body: JSON.stringify(parts) };
      });
      const { body } = await http.post(url, {
        pool: pool(),
        as: "json",
        multipart: [
          { partName: "string", content: "grüße" },
          { partName: "latin", content: "grüße", charset: "ISO-8859-1" },
          { partName: "file", content: http.file(path) },
          { partName: "mime", content: http.file(path), mimeType: "application/png" },
          { partName: "named", name: "ignored", content: http.file(path), fileName: "other.bin" },
          { content: http.file(path), charset: "ISO-8859-1" },
          { partName: "upload", content: Buffer.from("bytes"), mimeType: "image/png", transferEncoding: "binary" },
          { partName: "data", content: Buffer.from("12345678"), fileName: "data.txt" },
        ],
      });
      const limit = memoryLimit ?? 16_384;
      const asField = { isFile: false, isMemory: true, charset: "UTF-8", wasThere: false };
      const asFile = (size: number) => {
        const isMemory = limit > 0 && size <= limit;
        return { isFile: true, isMemory, wasThere: !isMemory, charset: "UTF-8", size };
      };
      const whole = { ...asFile(14), content: "this is a file" };
      expect(body).toEqual([
        { partName: "string", content: "grüße", size: 7, ...asField },
        { partName: "latin", content: "grüße", size: 5, ...asField, charset: "ISO-8859-1" },
        { partName: "file", name: "file.txt", mimeType: "text/plain", ...whole },
        { partName: "mime", name: "file.txt", mimeType: "application/png", ...whole },
        { partName: "named", name: "other.bin", mimeType: "application/octet-stream", ...whole },
        { partName: "file.txt", name: "file.txt", mimeType: "text/plain", ...whole, charset: "ISO-8859-1" },
        {
          partName: "upload",
          name: expect.stringMatching(/^[\da-f-]{36}$/),
          mimeType: "image/png",
          transferEncoding: "binary",
          content: "bytes",
          ...asFile(5),
        },
        { partName: "data", name: "data.txt", mimeType: "application/octet-stream", content: "12345678", ...asFile(8) },
      ]);
      rmSync(path);
      await untilEmpty();
    },
  );

  it("gives back what a form was made of, however it comes in pieces, in memory or not", async () => {
    const content = fc.array(fc.constantFrom("\r\n--", "\r", "-", "x", "--x-", "text")).map((units) => units.join(""));
    const parts = fc.array(
      fc.record({ isFile: fc.boolean(), content }).filter((part) => !part.content.includes("\r\n--x")),
    );
    const sizes = fc.record({ piece: fc.integer({ min: 1, max: 50 }), memoryLimit: fc.integer({ min: 0, max: 20 }) });
    await fc.assert(
      fc.asyncProperty(parts, sizes, async (sent, { piece, memoryLimit }) => {
        const body = sent.map(({ isFile, content }, at) => (isFile ? upload : field)(`n${at}`, content)).join("") + END;
        const chunks = body.match(new RegExp(`[^]{1,${piece}}`, "g")) ?? [];
        const seen: unknown[] = [];
        for await (const part of decode(form(chunksOf(chunks)), { memoryLimit })) {
          const { isFile, content } = await readPart(part);
          seen.push({ isFile, content });
        }
        expect(seen).toEqual(sent);
      }),
      { numRuns: 50 },
    );
    await untilEmpty();
  });

  it("reads no further than the parts that were taken, so that a slow consumer slows the client", async () => {
    let given = 0;
    async function* endless() {
      for (;;) {
        given++;
        yield Buffer.from(field("a", "1".repeat(1000)));
      }
    }
    const parts = decode(form(endless()), { maxParts: Number.POSITIVE_INFINITY });
    expect(given).toBe(0);
    for (let taken = 0; taken < 10; taken++) await take(parts);
    expect(given).toBeLessThan(13);
    parts.close();
  });

  it("keeps a file until its content was read, and no longer", async () => {
    const big = randomBytes(100_000).toString("hex");
    const parts = decode(form(upload("a", big) + upload("b", big) + END));
    const first = (await take(parts)) as http.DecodedFile;
    const second = (await take(parts)) as http.DecodedFile;
    expect(await take(parts)).toBeUndefined();
    expect([first.isMemory, first.size, files().length]).toEqual([false, 200_000, 2]);
    expect(statSync(first.file as string).mode & 0o777).toBe(0o600);
    expect(descriptors()).toEqual([]);
    expect(await textOf(first.content)).toBe(big);
    second.content.destroy();
    await untilEmpty();
  });

  it("keeps files with manualCleanup until cleanup is called, which may be called again", async () => {
    const options = { directory, memoryLimit: 0, manualCleanup: true } as const;
    const [parts, cleanup] = http.decodeRequest(form(upload("a", "content") + upload("b", "") + END), options);
    const first = (await take(parts)) as http.DecodedFile;
    const empty = (await take(parts)) as http.DecodedFile;
    expect([await textOf(first.content), await textOf(empty.content)]).toEqual(["content", ""]);
    expect(readFileSync(first.file as string, "utf8")).toBe("content");
    await cleanup();
    expect(files()).toEqual([]);
    await cleanup();
    expect(await take(parts)).toBeUndefined();
  });

  it("minds it not if a file was moved away", async () => {
    const parts = decode(form(upload("a", "content") + END), { memoryLimit: 1 });
    const { file, content } = (await take(parts)) as http.DecodedFile;
    rmSync(file as string);
    await expect(textOf(content)).rejects.toMatchObject({ code: "ENOENT" });
    expect(files()).toEqual([]);
  });

  it("takes the bytes that express.raw has read, and says what to do about what else has read the body", async () => {
    const { body, ...request } = form(Buffer.from(field("a", "1") + END));
    expect(await take(decode({ ...request, parsedBody: body }))).toMatchObject({ partName: "a", content: "1" });
    await expect(take(decode({ ...request, parsedBody: { a: "1" } }))).rejects.toMatchObject({
      code: "RING_INVALID_ARGUMENT",
      message: expect.stringContaining("wrapMultipartParams"),
    });
  });

  it.each(["memoryLimit", "maxParts", "maxPartSize", "maxFieldSize", "maxPartHeaderSize"])(
    "refuses a %s that is no limit, in place",
    (name) => {
      expect(() => decode(form(END), { [name]: -1 })).toThrow(
        expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
      );
      expect(() => decode(form(END), { [name]: Number.NaN })).toThrow(name);
    },
  );
});

describe("decodeRequest refuses", () => {
  it("an option that it does not have, in place", () => {
    expect(() => decode(form(END), { maxPartsize: 1 } as object)).toThrow('decodeRequest has no option "maxPartsize"');
  });

  // Idea 115.
  it.each([
    ["a form without boundary", "", "multipart/form-data", "RING_MULTIPART_MALFORMED", 400],
    ["a body that is none", field("a", "1") + END, "text/plain", "RING_MULTIPART_TYPE", 415],
    ["an empty body", "", undefined, "RING_MULTIPART_MALFORMED", 400],
    ["text in place of a form", "once upon a time", undefined, "RING_MULTIPART_MALFORMED", 400],
    ["a body cut inside a head", upload("a", "b") + "--x\r\ncontent-dis", undefined, "RING_MULTIPART_MALFORMED", 400],
    [
      "a body cut inside a file",
      upload("a", "b") + upload("c", "d").slice(0, -3),
      undefined,
      "RING_MULTIPART_MALFORMED",
      400,
    ],
    ["a body cut between parts", upload("a", "b"), undefined, "RING_MULTIPART_MALFORMED", 400],
    ["a body cut inside the last boundary", `${upload("a", "b")}--x-`, undefined, "RING_MULTIPART_MALFORMED", 400],
    ["a boundary that goes on", `${upload("a", "b")}--xyz\r\n`, undefined, "RING_MULTIPART_MALFORMED", 400],
    ["an endless boundary", "", `multipart/form-data; boundary=${"b".repeat(300)}`, "RING_MULTIPART_MALFORMED", 400],
    ["a NUL in a file name", upload("a", "b", "a\0b") + END, undefined, "RING_MULTIPART_FILENAME", 400],
    [
      "a charset that nobody knows",
      `--x\r\ncontent-disposition: form-data; name=a\r\ncontent-type: text/plain; charset=klingon\r\n\r\n1\r\n${END}`,
      undefined,
      "RING_UNKNOWN_CHARSET",
      415,
    ],
  ])("%s, and removes its files", async (_what, body, type, code, status) => {
    expect(await failureOf(body, { memoryLimit: 0 }, type)).toMatchObject({ code, status });
    await untilEmpty();
  });

  it.each([
    ["a flood of parts", "maxParts", field("a", "").repeat(1001) + END, {}],
    ["a flood of parts that are no fields", "maxParts", `--x\r\na: b\r\n\r\n\r\n`.repeat(1001) + END, {}],
    ["a flood of headers", "maxPartHeaderSize", `--x\r\n${"a: b\r\n".repeat(10_000)}\r\n\r\n${END}`, {}],
    ["an endless name of a part", "maxPartHeaderSize", field("a".repeat(10_000), "") + END, {}],
    ["a field that fills memory", "maxFieldSize", field("a", "1".repeat(1_048_577)) + END, {}],
    ["a file that fills the disk", "maxPartSize", upload("a", "1".repeat(30_001)) + END, { maxPartSize: 30_000 }],
    [
      "a file that announces too much",
      "maxPartSize",
      `--x\r\ncontent-length: 2000000000\r\ncontent-disposition: form-data; name=a; filename=b\r\n\r\n${"1".repeat(9)}`,
      {},
    ],
  ])("%s: %s", async (_attack, limit, body, options) => {
    expect(await failureOf(body, options)).toMatchObject({
      code: "RING_MULTIPART_LIMIT",
      status: 413,
      limit,
      message: expect.stringContaining(limit),
    });
    await untilEmpty();
  });

  it.each([
    ["a field", { maxFieldSize: 5 }, field("a", "12345") + END],
    ["a file", { maxPartSize: 5 }, upload("a", "12345") + END],
    ["parts", { maxParts: 2 }, field("a", "").repeat(2) + END],
  ])("not what is just as large as its limit: %s", async (_what, options, body) => {
    expect(await failureOf(body, options)).toBeUndefined();
  });
});

describe("decodeRequest on a server of the kit's own", () => {
  it.each<[string, http.ServerOptions, http.ConnectionOptions]>([
    ["", {}, {}],
    [" with rawStream", { rawStream: true }, {}],
    [" with HTTP/2", { httpVersions: ["http2"], useH2c: true }, { httpVersions: ["http2"], forceH2c: true }],
  ])("gives the parts, and leaves nothing%s", async (_how, options, connectionOptions) => {
    const content = "x".repeat(300_000);
    const server = await http.startServer(
      async (request) => {
        const seen: unknown[] = [];
        const parts = http.decodeRequest(request, { directory });
        const { content } = (await take(parts)) as http.DecodedPart;
        const { content: file } = (await take(parts)) as http.DecodedFile;
        seen.push(content, (await textOf(file)).length);
        // The last one is forgotten.
        seen.push(((await take(parts)) as http.DecodedFile).size);
        return { status: 200, body: seen.join() };
      },
      { port: 0, ...options },
    );
    afterThisTest(() => server.close());
    const one = pool({ connectionOptions });
    const multipart = [
      { partName: "a", content: "field" },
      { partName: "b", fileName: "b", content: Buffer.from(content) },
      { partName: "c", fileName: "c", content: Buffer.from(content) },
    ];
    const response = await http.post(`http://127.0.0.1:${http.port(server)}/`, { pool: one, multipart, as: "string" });
    expect(response.body).toBe("field,300000,300000");
    await untilEmpty();
    await one.close();
  });
});

describe("the files of decodeRequest", () => {
  /** Sends the beginning of a form, and waits for the rest. */
  async function beginning(port: number, begun: string) {
    const socket = connect(port, "127.0.0.1");
    afterThisTest(() => void socket.destroy());
    socket.on("error", () => {});
    socket.write(
      `POST / HTTP/1.1\r\nhost: a\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 1000000\r\n\r\n${begun}`,
    );
    return socket;
  }

  it("are gone, and not held open, when the client aborts halfway", async () => {
    const failed = gate<unknown>();
    const { server } = await serveForms(async (request) => {
      const parts = http.decodeRequest(request, { directory, memoryLimit: 0 });
      try {
        const first = (await take(parts)) as http.DecodedFile;
        // Read, but not to its end.
        await new Promise((resolve) => first.content.once("readable", () => resolve(undefined)));
        await take(parts);
      } catch (error) {
        failed.open(error);
        throw error;
      }
      return null;
    });
    const socket = await beginning(
      (server.address() as AddressInfo).port,
      upload("a", "1".repeat(200_000)) + upload("b", "2").slice(0, -2),
    );
    while (files().length < 2) await new Promise(setImmediate);
    expect(descriptors().length).toBeGreaterThan(0);
    socket.destroy();
    expect(await failed.opened).toMatchObject({ code: "RING_BODY_ABORTED" });
    await untilEmpty();
  });

  it("are gone when the handler forgets them", async () => {
    const { url } = await serveForms(async (request) => {
      const part = await take(http.decodeRequest(request, { directory, memoryLimit: 0 }));
      return { status: 200, body: existsSync((part as http.DecodedFile).file as string) ? "there" : "gone" };
    });
    const multipart = [1, 2].map((name) => ({ partName: `${name}`, content: Buffer.alloc(1000), mimeType: "a/b" }));
    const { body } = await http.post(url, { pool: pool(), as: "string", multipart });
    expect(body).toBe("there");
    await untilEmpty();
  });

  it("are gone when the consumer closes early, also while the client keeps it waiting", async () => {
    const closed = gate();
    const { server } = await serveForms(async (request) => {
      const parts = http.decodeRequest(request, { directory, memoryLimit: 0 });
      const waiting = take(parts, "closed");
      while (files().length === 0) await new Promise(setImmediate);
      parts.close();
      expect(await waiting).toBe("closed");
      await untilEmpty();
      closed.open();
      return { status: 200, body: String(isDrained(parts)) };
    });
    const socket = await beginning((server.address() as AddressInfo).port, upload("a", "1".repeat(1000)).slice(0, -2));
    await closed.opened;
    expect(String(await new Promise((resolve) => socket.once("data", resolve)))).toMatch(/^HTTP\/1.1 200 [^]*true$/);
  });

  it("are gone when a body fails behind them", async () => {
    const body = new PassThrough();
    body.write(upload("a", "1".repeat(100)) + upload("b", "2".repeat(100)).slice(0, -2));
    const parts = decode(form(body), { memoryLimit: 0 });
    await take(parts);
    const next = take(parts);
    while (files().length < 2) await new Promise(setImmediate);
    body.destroy(new Error("the disk is on fire"));
    await expect(next).rejects.toThrow("the disk is on fire");
    await untilEmpty();
  });

  it("are let go of with the body when nobody has taken a part", () => {
    const body = new PassThrough();
    const parts = decode(form(body));
    parts.close();
    expect(body.destroyed).toBe(true);
    expect(isDrained(parts)).toBe(true);
  });

  it("stay with manualCleanup when the request is over, but not the one that was being written", async () => {
    const seen = gate<{ file: string; cleanup: http.Cleanup; drained: Promise<void> }>();
    const { server } = await serveForms(async (request) => {
      const [parts, cleanup] = http.decodeRequest(request, { directory, memoryLimit: 0, manualCleanup: true });
      const { file = "" } = (await take(parts)) as http.DecodedFile;
      const drained = new Promise<void>((resolve) => onDrained(parts, () => resolve()));
      const next = take(parts);
      while (files().length < 2) await new Promise(setImmediate);
      seen.open({ file, cleanup, drained });
      await next;
      return null;
    });
    const socket = await beginning(
      (server.address() as AddressInfo).port,
      upload("a", "1") + upload("b", "2").slice(0, -2),
    );
    const { file, cleanup, drained } = await seen.opened;
    socket.destroy();
    await drained;
    while (files().length > 1) await new Promise(setImmediate);
    expect(existsSync(file)).toBe(true);
    await cleanup();
    expect(files()).toEqual([]);
  });

  it("do not outlive a request whose client has gone before it is decoded", async () => {
    const decoded = gate<unknown>();
    const { server } = await serveForms(async (request) => {
      const { req } = expressOf(request);
      await new Promise((resolve) => req.once("close", () => resolve(undefined)));
      const parts = http.decodeRequest(request, { directory });
      decoded.open(await take(parts).catch((error: unknown) => error));
      return null;
    });
    const socket = await beginning((server.address() as AddressInfo).port, upload("a", "1"));
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.end();
    socket.destroy();
    expect(await decoded.opened).toMatchObject({ code: "RING_BODY_ABORTED" });
    expect(files()).toEqual([]);
  });
});

async function* chunksOf(chunks: readonly string[]): AsyncGenerator<string> {
  yield* chunks;
}
