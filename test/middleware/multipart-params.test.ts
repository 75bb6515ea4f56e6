import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { afterAll, describe, expect, it, jest } from "@jest/globals";
import {
  byteArrayStore,
  MultipartError,
  type MultipartParamsOptions,
  multipartParamsRequest,
  parseMultipartParams,
  type TempFile,
  tempFileStore,
  type Upload,
  type UploadErrorHandler,
  wrapMultipartParams,
} from "../../middleware/index.js";
import { setLogger } from "../../src/errors/index.js";
import type { RingRequest } from "../../src/ring/types.js";
import { request } from "./helpers.js";

const headers = { "content-type": "multipart/form-data; boundary=x" };
const field = (name: string, content: string): string =>
  `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;
const file = (name: string, content: string, filename = "f.txt"): string =>
  `--x\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n${content}\r\n`;
const end = "--x--\r\n";
const post = (body: RingRequest["body"], more: Partial<RingRequest> = {}): RingRequest =>
  request({ requestMethod: "post", headers, body, ...more });

const folder = mkdtempSync(join(tmpdir(), "multipart-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A store that keeps texts, and a list of what it was told to remove. */
function textStore() {
  const removed: string[] = [];
  const store = async ({ stream }: Upload): Promise<string> => (await stream.toArray()).join("");
  return { removed, store: Object.assign(store, { remove: (text: string) => void removed.push(text) }) };
}

const failed = async (body: RingRequest["body"], options: object) => {
  const errors: MultipartError[] = [];
  const errorHandler: UploadErrorHandler = (_request, error) => {
    errors.push(error);
    return { status: 400 };
  };
  const handler = jest.fn(() => null);
  await wrapMultipartParams(handler, { ...options, errorHandler } as MultipartParamsOptions)(post(body));
  expect(handler).not.toHaveBeenCalled();
  return errors[0];
};

describe("parseMultipartParams", () => {
  it("answers at once, with nothing, what is no multipart form", () => {
    expect(parseMultipartParams(request())).toBeUndefined();
    expect(
      parseMultipartParams(request({ headers: { "content-type": "Multipart/form-data; boundary=x" } })),
    ).toBeUndefined();
  });

  it("reads what express.raw and express.text left, too", async () => {
    const given = { ...request({ headers }), parsedBody: Buffer.from(field("a", "1") + end) };
    expect(await parseMultipartParams(given)).toEqual({ a: "1" });
    expect(await parseMultipartParams({ ...given, parsedBody: field("a", "é") + end })).toEqual({ a: "é" });
  });

  it("has nothing for a request without a body", async () => {
    expect(await parseMultipartParams(request({ headers }))).toEqual({});
  });

  it("hands stores the request, waits for those that take their time, and keeps the order", async () => {
    const given = post(file("f", "1") + field("g", "2") + file("f", "3") + end);
    const seen: unknown[] = [];
    const store = async ({ stream, filename, contentType }: Upload, request: object): Promise<string> => {
      seen.push({ filename, contentType }, request === given);
      const text = (await stream.toArray()).join("");
      await new Promise(setImmediate);
      return `stored ${text}`;
    };
    expect(await parseMultipartParams(given, { store })).toEqual({ f: ["stored 1", "stored 3"], g: "2" });
    expect(seen).toEqual([
      { filename: "f.txt", contentType: undefined },
      true,
      { filename: "f.txt", contentType: undefined },
      true,
    ]);
  });

  it("takes the answer of a store that does not read the file", async () => {
    const given = post(Readable.from([file("f", "1".repeat(300_000)), field("g", "2") + end]));
    expect(await parseMultipartParams(given, { store: () => 7 })).toEqual({ f: 7, g: "2" });
  });

  it("does not let a store hold up the error of an upload that it does not listen to", async () => {
    const store = ({ stream }: Upload): Promise<string> =>
      new Promise((resolve) => {
        stream.pipe(new PassThrough().on("finish", () => resolve("never")).resume());
      });
    await expect(
      parseMultipartParams(post(file("f", "12345") + end), { store, maxFileSize: 4 }) as Promise<unknown>,
    ).rejects.toMatchObject({ code: "RING_MULTIPART_LIMIT" });
  });

  it("removes what a store answers after the upload has failed", async () => {
    const removed: unknown[] = [];
    let answer: (value: string) => void = () => {};
    const store = Object.assign(
      ({ stream }: Upload) => {
        stream.resume();
        return new Promise<string>((resolve) => {
          answer = resolve;
        });
      },
      { remove: (value: string) => void removed.push(value) },
    );
    const read = parseMultipartParams(post(file("f", "12345") + end), { store, maxFileSize: 4 }) as Promise<unknown>;
    await expect(read).rejects.toMatchObject({ code: "RING_MULTIPART_LIMIT" });
    answer("late");
    await new Promise(setImmediate);
    expect(removed).toEqual(["late"]);
  });

  it.each<[string, string, object, string]>([
    ["a limit", file("f", "1") + field("g", "12345") + end, { maxFileSize: 4 }, "RING_MULTIPART_LIMIT"],
    ["a truncated body", file("f", "1") + field("g", "1"), {}, "RING_MULTIPART_MALFORMED"],
    ["a NUL in a file name", file("f", "1") + file("g", "2", "a\0.txt") + end, {}, "RING_MULTIPART_FILENAME"],
    ["an unknown charset", file("f", "1") + field("_charset_", "bogus") + end, {}, "RING_UNKNOWN_CHARSET"],
  ])("removes the files stored before %s", async (_what, body, options, code) => {
    const { removed, store } = textStore();
    await expect(parseMultipartParams(post(body), { ...options, store }) as Promise<unknown>).rejects.toMatchObject({
      code,
    });
    expect(removed).toEqual(["1"]);
  });

  it("tells, and does not hide the error, if files cannot be removed", async () => {
    const logger = jest.fn();
    const before = setLogger(logger);
    const store = Object.assign(() => "stored", {
      remove: () => {
        throw new Error("locked");
      },
    });
    try {
      const read = parseMultipartParams(post(file("f", "1")), { store }) as Promise<unknown>;
      await expect(read).rejects.toMatchObject({ code: "RING_MULTIPART_MALFORMED" });
    } finally {
      setLogger(before);
    }
    expect(logger).toHaveBeenCalledTimes(1);
  });

  it("passes on what a store fails with, now or later, and lets go of the body", async () => {
    for (const store of [
      () => Promise.reject(new Error("full")),
      () => {
        throw new Error("full");
      },
    ]) {
      const body = new PassThrough();
      body.write(file("f", "1"));
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(parseMultipartParams(post(body), { store }) as Promise<unknown>).rejects.toThrow("full");
      expect(body.destroyed).toBe(true);
    }
  });

  it("refuses a content-length that is no number", async () => {
    const given = post(end, { headers: { ...headers, "content-length": "many" } });
    await expect(parseMultipartParams(given) as Promise<unknown>).rejects.toMatchObject({
      code: "RING_CONTENT_LENGTH",
    });
  });
});

describe("multipartParamsRequest", () => {
  it("leaves the request it was given unchanged, and keeps its other keys", async () => {
    const given = Object.freeze({ ...post(field("a", "1") + end), params: Object.freeze({ b: "2" }), user: "ann" });
    expect(await multipartParamsRequest(given)).toMatchObject({
      user: "ann",
      multipartParams: { a: "1" },
      params: { a: "1", b: "2" },
    });
    expect(given).not.toHaveProperty("multipartParams");
  });
});

describe("prototype pollution through names of parts", () => {
  it.each(["__proto__", "constructor", "prototype", "toString", "__proto__[x]"])(
    "is not possible with %s",
    async (name) => {
      const { multipartParams, params } = await multipartParamsRequest(
        post(field(name, "1") + field(name, "2") + file(name, "3") + end),
        { store: () => ({ polluted: "yes" }) },
      );
      for (const map of [multipartParams, params]) {
        expect(Object.getPrototypeOf(map)).toBeNull();
        expect(Object.entries(map)).toEqual([[name, ["1", "2", { polluted: "yes" }]]]);
      }
      expect({}).not.toHaveProperty("polluted");
    },
  );

  it("is not possible through what multer made, either", async () => {
    const parsedBody = JSON.parse('{"__proto__": {"polluted": "yes"}, "a": "1"}') as object;
    const { params } = await multipartParamsRequest({ ...request({ headers }), parsedBody });
    expect(Object.keys(params)).toEqual(["__proto__", "a"]);
    expect(params["polluted"]).toBeUndefined();
  });
});

describe("wrapMultipartParams", () => {
  it("hands a request that is no form on at once, with empty maps", () => {
    const app = wrapMultipartParams((request) => ({ body: JSON.stringify([request.params, request.multipartParams]) }));
    expect(app(request())).toEqual({ body: "[{},{}]" });
  });

  it("answers 413 for what is refused, and gives its own error handler request and error", async () => {
    const given = post(field("a", "1"));
    expect(await wrapMultipartParams(() => null)(given)).toMatchObject({ status: 413 });
    const errorHandler = jest.fn<UploadErrorHandler>(() => ({ status: 400 }));
    expect(await wrapMultipartParams(() => null, { errorHandler })(given)).toEqual({ status: 400 });
    expect(errorHandler).toHaveBeenCalledWith(given, expect.objectContaining({ code: "RING_MULTIPART_MALFORMED" }));
    expect(errorHandler.mock.calls[0]?.[0]).toBe(given);
  });

  it("takes a MultipartError of the store or of progressFn as a refusal, and no other error", async () => {
    const refuse = (): never => {
      throw new MultipartError("APP_FILE_TYPE", "only images");
    };
    expect((await failed(file("f", "1") + end, { store: refuse }))?.code).toBe("APP_FILE_TYPE");
    expect((await failed(file("f", "1") + end, { progressFn: refuse }))?.code).toBe("APP_FILE_TYPE");
    const broken = (): never => {
      throw new Error("broken");
    };
    await expect(wrapMultipartParams(() => null, { store: broken })(post(file("f", "1") + end))).rejects.toThrow(
      "broken",
    );
    await expect(wrapMultipartParams(() => null, { progressFn: broken })(post(end))).rejects.toThrow("broken");
  });

  it("does not take an error of the handler for one of the upload", async () => {
    const app = wrapMultipartParams(() => {
      throw new MultipartError("MINE", "mine");
    });
    await expect(app(post(end))).rejects.toMatchObject({ code: "MINE" });
  });

  it("tells progressFn of each read and of each field and file", async () => {
    const seen: number[][] = [];
    const pieces = [field("a", "1"), file("f", "2"), end];
    const given = post(Readable.from(pieces.map((piece) => Buffer.from(piece))), {
      headers: { ...headers, "content-length": "999" },
    });
    await wrapMultipartParams(() => null, {
      progressFn: (request, ...rest) => {
        expect(request).toBe(given);
        seen.push(rest);
      },
      store: byteArrayStore(),
    })(given);
    const first = pieces[0]?.length ?? 0;
    const second = first + (pieces[1]?.length ?? 0);
    expect(seen).toEqual([
      [first, 999, 0],
      [first, 999, 1],
      [second, 999, 1],
      [second, 999, 2],
      [second + end.length, 999, 2],
    ]);
    const unknown = jest.fn();
    await wrapMultipartParams(() => null, { progressFn: unknown })(post(end));
    expect(unknown).toHaveBeenCalledWith(expect.anything(), end.length, -1, 0);
  });

  it.each(["maxFileSize", "maxFileCount", "maxFieldsSize", "maxPartCount", "maxPartHeaderSize"])(
    "refuses a %s that is no limit, when it wraps",
    (name) => {
      for (const limit of [-1, Number.NaN]) {
        expect(() => wrapMultipartParams(() => null, { [name]: limit })).toThrow(
          expect.objectContaining({ code: "RING_INVALID_ARGUMENT", message: expect.stringContaining(name) }),
        );
      }
    },
  );

  it("reads its options when it wraps", async () => {
    const options = { maxFileSize: 1 };
    const app = wrapMultipartParams(() => null, options);
    options.maxFileSize = 100;
    expect(await app(post(field("a", "12") + end))).toMatchObject({ status: 413 });
  });
});

describe("a flood", () => {
  it.each<[string, string, string, object?]>([
    ["parts", field("a", "1").repeat(1001) + end, "maxPartCount"],
    ["parts that are none of a form", "--x\r\nA: b\r\n\r\n1\r\n".repeat(1001) + end, "maxPartCount"],
    ["bytes in one field", field("a", "1".repeat(1_048_577)) + end, "maxFieldsSize"],
    ["bytes in many fields", field("a", "1".repeat(10_000)).repeat(110) + end, "maxFieldsSize"],
    [
      "bytes in fields, by the option",
      field("a", "123") + field("b", "456") + end,
      "maxFieldsSize",
      { maxFieldsSize: 5 },
    ],
    ["headers of a part", `--x\r\n${"A: b\r\n".repeat(1_000_000)}`, "maxPartHeaderSize"],
    ["brackets, a name of 1 MB", field("[".repeat(1_000_000), "1") + end, "maxPartHeaderSize"],
    ["files, fields included", field("a", "1") + file("f", "2") + end, "maxFileCount", { maxFileCount: 1 }],
  ])("of %s is refused", async (_what, body, limit, options = {}) => {
    expect(await failed(body, { ...options, store: byteArrayStore() })).toMatchObject({
      code: "RING_MULTIPART_LIMIT",
      status: 413,
      limit,
    });
  });

  it("is none up to the limits", async () => {
    expect(await parseMultipartParams(post(field("a", "1".repeat(1_048_576)) + end))).toHaveProperty("a");
    const many = await parseMultipartParams(post(field("a", "1").repeat(1000) + end));
    expect(many?.["a"]).toHaveLength(1000);
  });
});

describe("a file name", () => {
  it.each(["../../etc/passwd", "/etc/passwd", "C:\\Windows\\x.exe", "..", "", "a/b\\c"])(
    "is kept as it was sent and never used as one: %p",
    async (filename) => {
      const store = tempFileStore({ directory: folder });
      const read = await parseMultipartParams(post(file("f", "1", filename) + end), { store });
      const { tempfile, ...rest } = (read ?? {})["f"] as TempFile;
      expect(rest).toEqual({ filename, contentType: undefined, size: 1 });
      expect(tempfile).toMatch(new RegExp(`^${folder}/ring-multipart-[0-9a-f-]{36}$`));
      await store.remove?.(read?.["f"] as TempFile);
      expect(existsSync(tempfile)).toBe(false);
    },
  );

  it("with a NUL in it is refused, not as an upload's error", async () => {
    const { store } = textStore();
    const app = wrapMultipartParams(() => null, { store });
    await expect(app(post(file("f", "1", "a.php\0.png") + end))).rejects.toMatchObject({
      code: "RING_MULTIPART_FILENAME",
      status: 400,
    });
  });
});

describe("the default store", () => {
  it("is made at the first upload, and writes temporary files", async () => {
    const before = new Set(readdirSync(tmpdir()));
    const read = await parseMultipartParams(post(file("f", "content") + end));
    const { tempfile } = (read ?? {})["f"] as TempFile;
    expect(before.has(tempfile.slice(tmpdir().length + 1))).toBe(false);
    expect(existsSync(tempfile)).toBe(true);
    rmSync(tempfile);
  });
});
