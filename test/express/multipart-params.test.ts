import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Express } from "express";
import multer from "multer";
import supertest from "supertest";
import {
  byteArrayStore,
  type FileBytes,
  type MultipartParams,
  type TempFile,
  wrapMultipartParams,
} from "../../middleware/index.js";
import { type RingRequest, ring } from "../../src/index.js";
import { versions, withApp } from "./hosts.js";

const MEGABYTE = 1024 * 1024;

interface Told {
  readonly port?: number;
  readonly began?: true;
  readonly settled?: true;
  readonly failed?: string;
  readonly memory?: number;
  readonly open?: readonly string[];
}

describe("wrapMultipartParams in a process of its own", () => {
  const directory = mkdtempSync(join(tmpdir(), "uploads-"));
  let server: ChildProcess;
  let port = 0;
  const told: Told[] = [];
  let wake = (): void => {};

  /** The next message that has the key. */
  async function heard(key: keyof Told): Promise<Told> {
    for (;;) {
      const at = told.findIndex((it) => it[key] !== undefined);
      if (at !== -1) return told.splice(at, 1)[0] as Told;
      // oxlint-disable-next-line no-await-in-loop -- one message after the other
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  async function usage(): Promise<Required<Pick<Told, "memory" | "open">>> {
    server.send("usage");
    const { memory = 0, open = [] } = await heard("memory");
    return { memory, open };
  }

  beforeAll(async () => {
    const hooks = new URL("../typescript-hooks.mjs", import.meta.url).href;
    const script = fileURLToPath(new URL("upload-server.ts", import.meta.url));
    server = spawn(process.execPath, ["--no-warnings", "--import", hooks, script, directory], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    server.on("message", (message: Told) => {
      told.push(message);
      wake();
    });
    ({ port = 0 } = await heard("port"));
  });

  afterAll(async () => {
    const gone = once(server, "exit");
    server.disconnect();
    await gone;
    rmSync(directory, { recursive: true });
  });

  const head = '--x\r\nContent-Disposition: form-data; name="f"; filename="big.bin"\r\n\r\n';
  const tail = "\r\n--x--\r\n";

  function upload(length: number) {
    const outgoing = httpRequest({
      port,
      method: "POST",
      headers: {
        "content-type": "multipart/form-data; boundary=x",
        "content-length": head.length + length + tail.length,
      },
    });
    outgoing.write(head);
    return outgoing;
  }

  async function send(outgoing: ReturnType<typeof httpRequest>, megabytes: number): Promise<void> {
    const chunk = Buffer.alloc(MEGABYTE, "0123456789abcdef\r\n--");
    for (let sent = 0; sent < megabytes; sent++) {
      // oxlint-disable-next-line no-await-in-loop -- with backpressure
      if (!outgoing.write(chunk)) await once(outgoing, "drain");
    }
  }

  it("takes an upload of 1 GB into a file in bounded memory", async () => {
    const small = upload(MEGABYTE);
    const smallAnswer = once(small, "response");
    await send(small, 1);
    small.end(tail);
    const [first] = (await smallAnswer) as [IncomingMessage];
    first.resume();
    const before = (await usage()).memory;

    const outgoing = upload(1024 * MEGABYTE);
    const answer = once(outgoing, "response");
    await send(outgoing, 1024);
    outgoing.end(tail);
    const [response] = (await answer) as [IncomingMessage];
    let text = "";
    for await (const piece of response.setEncoding("utf8")) text += piece as string;
    const { f } = JSON.parse(text) as { f: TempFile };
    expect(f).toMatchObject({ filename: "big.bin", size: 1024 * MEGABYTE });
    expect(statSync(f.tempfile)).toMatchObject({ size: 1024 * MEGABYTE });
    const { memory, open } = await usage();
    expect(open).toEqual([]);
    expect((memory - before) / MEGABYTE).toBeLessThan(100);
    process.stdout.write(
      `An upload of 1 GB made the server's memory grow by ${Math.round((memory - before) / MEGABYTE)} MB at most.\n`,
    );
    rmSync(f.tempfile);
  }, 60_000);

  it("leaves neither file nor handle when the client goes away half way", async () => {
    const files = readdirSync(directory);
    told.length = 0;
    const outgoing = upload(64 * MEGABYTE);
    outgoing.on("error", () => {});
    await send(outgoing, 32);
    await heard("began");
    expect(readdirSync(directory)).toHaveLength(files.length + 1);
    expect((await usage()).open).toHaveLength(1);
    outgoing.destroy();
    await heard("settled");
    expect(await heard("failed")).toEqual({ failed: "RING_BODY_ABORTED" });
    expect(readdirSync(directory)).toEqual(files);
    expect((await usage()).open).toEqual([]);
  });
});

const names = ({ multipartParams }: RingRequest & MultipartParams<FileBytes>) => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify(multipartParams, (_key, value: unknown) =>
    Object.hasOwn(Object(value), "data") ? Buffer.from((value as { data: number[] }).data).toString() : value,
  ),
});
const app = wrapMultipartParams(names, { store: byteArrayStore(), maxFileSize: 1_000_000 });

describe.each(versions)("uploads under %s", (_name, create) => {
  const mounted = (): Express => create().post("/", ring(app));

  it("come from fetch with FormData", () =>
    withApp(mounted(), async ({ url }) => {
      const form = new FormData();
      form.append("name", "Zoë");
      form.append("tags", "a");
      form.append("tags", "b\r\nc");
      form.append("picture", new Blob(["content"], { type: "image/png" }), 'a "quoted" ñame.png');
      const answer = await fetch(url, { method: "POST", body: form });
      expect(await answer.json()).toEqual({
        name: "Zoë",
        tags: ["a", "b\r\nc"],
        picture: { filename: "a %22quoted%22 ñame.png", contentType: "image/png", bytes: "content" },
      });
    }));

  it("come from supertest", async () => {
    const answer = await supertest(mounted())
      .post("/")
      .field("name", "Ada")
      .attach("file", Buffer.from("one"), { filename: "1.txt", contentType: "text/plain" })
      .attach("file", Buffer.from("two"), "2.txt");
    expect(answer.body).toEqual({
      name: "Ada",
      file: [
        { filename: "1.txt", contentType: "text/plain", bytes: "one" },
        { filename: "2.txt", contentType: "text/plain", bytes: "two" },
      ],
    });
  });

  it("come from curl", () =>
    withApp(mounted(), async ({ url }) => {
      const path = join(mkdtempSync(join(tmpdir(), "curl-")), "notes.txt");
      writeFileSync(path, "by curl");
      const { stdout } = await promisify(execFile)("curl", ["-s", "-F", "name=Ada", "-F", `file=@${path}`, url]);
      expect(JSON.parse(stdout)).toEqual({
        name: "Ada",
        file: { filename: "notes.txt", contentType: "text/plain", bytes: "by curl" },
      });
    }));

  it("are answered with 413 while the rest is still being sent", () =>
    withApp(mounted(), async ({ url }) => {
      const form = new FormData();
      form.append("f", new Blob([new Uint8Array(20 * MEGABYTE)]), "large");
      const answer = await fetch(url, { method: "POST", body: form });
      expect([answer.status, await answer.text()]).toEqual([413, "Uploaded content exceeded limits."]);
    }));

  it("are taken from multer, if it was there before, in memory or on disk", async () => {
    const folder = mkdtempSync(join(tmpdir(), "multer-"));
    const show = ({ multipartParams }: RingRequest & MultipartParams) => ({ body: JSON.stringify(multipartParams) });
    const outer = create();
    outer.post("/memory", multer().single("f"), ring(app));
    outer.post(
      "/disk",
      multer({ dest: folder }).fields([{ name: "f" }, { name: "g" }]),
      ring(wrapMultipartParams(show)),
    );
    const send = (path: string) =>
      supertest(outer).post(path).field("__proto__", "1").field("a[b]", "2").attach("f", Buffer.from("one"), "1.txt");
    expect((await send("/memory")).body).toMatchObject({
      a: { b: "2" },
      f: { filename: "1.txt", contentType: "text/plain", bytes: "one" },
    });
    const { f } = JSON.parse((await send("/disk").attach("g", Buffer.from("two"), "2.txt")).text) as { f: TempFile };
    expect(f).toMatchObject({ filename: "1.txt", size: 3 });
    expect(readFileSync(f.tempfile, "utf8")).toBe("one");
    rmSync(folder, { recursive: true });
    expect(existsSync(folder)).toBe(false);
  });
});
