import { symlinkSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { wrapResource } from "../../middleware/index.js";
import { resourceData, resourceResponse, urlResponse } from "../../src/ring/response.js";
import type { RingRequest, RingResponse } from "../../src/ring/types.js";
import { makeFolder } from "../folder.js";
import { request } from "./helpers.js";

const folder = makeFolder();
const roots = [folder.of("one"), new URL(`file://${folder.of("two")}/`)];
const missing: RingResponse = { status: 404, headers: {}, body: "handler" };
const get = (uri: string, more: Partial<RingRequest> = {}) => request({ uri, ...more });

beforeAll(() => {
  folder.write("one/public/a.txt", "one");
  folder.write("one/private/secret.txt", "secret");
  folder.write("two/public/a.txt", "second");
  folder.write("two/public/b.txt", "b");
  folder.write("two/public/folder/c.txt", "c");
  folder.write("one/public/b.js/inner.txt", "folder of that name");
  folder.write("two/public/b.js", "shadowed");
});
afterAll(() => folder.remove());

describe("wrapResource", () => {
  const wrapped = (options = {}) => {
    const app = wrapResource(() => missing, "public", { roots, ...options });
    return async (request: RingRequest) => app(request);
  };

  it("serves the first folder's file, and what only the second has", async () => {
    expect(await wrapped()(get("/a.txt"))).toMatchObject({ headers: { "Content-Length": "3" } });
    expect(await wrapped()(get("/b.txt"))).toMatchObject({ headers: { "Content-Length": "1" } });
  });

  it("stops at the first thing of that name, even if it is a folder", async () => {
    expect(await wrapped()(get("/b.js"))).toBe(missing);
  });

  it("leaves a handler as it is, in the same call, if there is no such root anywhere", () => {
    const app = wrapResource(() => missing, "nowhere", { roots });
    expect(app(get("/a.txt"))).toBe(missing);
  });

  it.each(["/../private/secret.txt", "/%2e%2e/private/secret.txt", "/..%5cprivate%5csecret.txt", "/folder/../a.txt"])(
    "path traversal: %s finds nothing, with or without links",
    async (uri) => {
      expect(await wrapped()(get(uri))).toBe(missing);
      expect(await wrapped({ allowSymlinks: true })(get(uri))).toBe(missing);
    },
  );

  it("symbolic links out: refused, but into the root of another folder they may lead", async () => {
    symlinkSync("../private/secret.txt", folder.of("one/public/out.txt"));
    symlinkSync("../../two/public/b.txt", folder.of("one/public/across.txt"));
    expect(await wrapped()(get("/out.txt"))).toBe(missing);
    expect(await wrapped({ allowSymlinks: true })(get("/out.txt"))).toMatchObject({ status: 200 });
    expect(await wrapped()(get("/across.txt"))).toMatchObject({ status: 200 });
  });

  it("null bytes: find nothing", async () => {
    expect(await wrapped()(get("/a.txt%00"))).toBe(missing);
  });

  it("hidden files: served unless told otherwise", async () => {
    folder.write("one/public/.hidden", "x");
    expect(await wrapped()(get("/.hidden"))).toMatchObject({ status: 200 });
    expect(await wrapped({ dotfiles: "ignore" })(get("/.hidden"))).toBe(missing);
  });
});

describe("resourceResponse", () => {
  it("without a root keeps links inside of the folders", async () => {
    folder.write("outside.txt", "x");
    symlinkSync("../outside.txt", folder.of("one/link.txt"));
    symlinkSync("private/secret.txt", folder.of("one/inside.txt"));
    expect(await resourceResponse("link.txt", { roots })).toBeUndefined();
    expect(await resourceResponse("inside.txt", { roots })).toMatchObject({ status: 200 });
  });

  it("looks into resources of the working directory by default", async () => {
    expect(await resourceResponse("no-such-resource.txt")).toBeUndefined();
  });
});

describe("urlResponse", () => {
  it("answers with the file, or with nothing", async () => {
    const response = await urlResponse(new URL(`file://${folder.of("one/public/a.txt")}`));
    expect(response).toMatchObject({ status: 200, headers: { "Content-Length": "3" } });
    expect(await urlResponse(new URL(`file://${folder.of("nowhere")}`))).toBeUndefined();
    expect(await urlResponse(new URL(`file://${folder.path}`))).toBeUndefined();
  });

  it("refuses other URLs", () => {
    expect(() => resourceData(new URL("http://localhost/"))).toThrow(
      expect.objectContaining({ code: "RING_INVALID_ARGUMENT" }),
    );
  });
});
