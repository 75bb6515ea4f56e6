/** Drives load against a server and counts what it answers. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from "node:http2";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { run, start } from "./children.js";
import type { FanOutLoad, Http2Load, HttpLoad, Protocol, UploadLoad, WebsocketLoad } from "./row.js";

/** Loads `port` for so many seconds. @returns answers per second @throws {Error} if one of them was wrong */
export type Drive = (port: number, seconds: number) => Promise<number>;

const wrkVersion = /wrk \S+/.exec(String(spawnSync("wrk", ["--version"]).stdout ?? ""))?.[0];
const autocannon = createRequire(import.meta.url).resolve("autocannon");

/** The program that makes HTTP requests: wrk where it is installed, for it needs far less of a processor than a server. */
export const httpTool: string = wrkVersion ?? "autocannon";

/** Time a load may take beyond its own, to start and to end. */
const MARGIN = 20_000;

export function httpDrive(load: HttpLoad): Drive {
  return wrkVersion === undefined ? withAutocannon(load) : withWrk(load);
}

function withWrk(load: HttpLoad): Drive {
  return async (port, seconds) => {
    // wrk takes what it posts from a program in Lua.
    const folder = mkdtempSync(join(tmpdir(), "bench-"));
    const script = join(folder, "post.lua");
    if (load.post !== undefined) writeFileSync(script, `wrk.method = "POST"\nwrk.body = [==[${load.post}]==]\n`);
    const post = load.post === undefined ? [] : ["-s", script];
    const options = [
      "-t",
      "1",
      "-c",
      `${load.connections}`,
      "-d",
      `${seconds}s`,
      ...headerOptions(load, ": "),
      ...post,
    ];
    const report = await run("load", "wrk", [...options, url(load, port)], seconds * 1000 + MARGIN);
    rmSync(folder, { recursive: true });
    const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(report) ?? [];
    if (rate === undefined || /Socket errors|Non-2xx/.test(report)) throw new Error(`wrk met errors:\n${report}`);
    return Number(rate);
  };
}

function withAutocannon(load: HttpLoad): Drive {
  return async (port, seconds) => {
    const post = load.post === undefined ? [] : ["-m", "POST", "-b", load.post];
    const options = ["-j", "-c", `${load.connections}`, "-d", `${seconds}`, ...headerOptions(load, "="), ...post];
    const report = await run(
      "load",
      process.execPath,
      [autocannon, ...options, url(load, port)],
      seconds * 1000 + MARGIN,
    );
    const { requests, duration, errors, timeouts, non2xx } = JSON.parse(report) as AutocannonReport;
    if (errors + timeouts + non2xx > 0) throw new Error(`autocannon met errors:\n${report}`);
    return requests.total / duration;
  };
}

interface AutocannonReport {
  readonly requests: { readonly total: number };
  /** Seconds. */
  readonly duration: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly non2xx: number;
}

const url = (load: HttpLoad, port: number): string => `http://127.0.0.1:${port}${load.path}`;

function headerOptions({ headers = {} }: HttpLoad, separator: string): string[] {
  return Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}${separator}${value}`]);
}

/** The load as of a client that has been there before: with the cookies it was given, if the load keeps them. */
export async function returning(load: HttpLoad, port: number): Promise<HttpLoad> {
  if (load.keepsCookies !== true) return load;
  const visit = await fetch(url(load, port), { headers: load.headers ?? {} });
  await visit.arrayBuffer();
  const cookies = visit.headers.getSetCookie().map((cookie) => cookie.slice(0, cookie.indexOf(";")));
  return { ...load, headers: { ...load.headers, cookie: cookies.join("; ") } };
}

/** Asks once, and compares the answer with what all contenders must give. */
export async function checkHttp(load: HttpLoad, port: number): Promise<void> {
  const { headers = {}, post } = load;
  const response = await fetch(url(load, port), { headers, ...(post !== undefined && { method: "POST", body: post }) });
  const body = await response.text();
  if (response.status !== 200 || body !== load.body) {
    throw new Error(`expected 200 ${JSON.stringify(load.body)}, got ${response.status} ${JSON.stringify(body)}`);
  }
}

/** Asks once, and loads with h2load. @throws {Error} if h2load is not installed */
export async function http2Drive(load: Http2Load, port: number): Promise<Drive> {
  const address = `http://127.0.0.1:${port}`;
  await checkHttp2(load, address);
  return async (_port, seconds) => {
    const options = ["--clients", `${load.connections}`, "--max-concurrent-streams", `${load.streams}`];
    const url = `${address}${load.path}`;
    const report = await run("load", "h2load", [...options, "--duration", `${seconds}`, url], seconds * 1000 + MARGIN);
    const [, rate] = /finished in [^,]+, ([\d.]+) req\/s/.exec(report) ?? [];
    const [, failed] = /(\d+) failed, (\d+) errored/.exec(report) ?? [];
    if (rate === undefined || failed !== "0" || !/ 0 4xx, 0 5xx/.test(report))
      throw new Error(`h2load met errors:\n${report}`);
    return Number(rate);
  };
}

async function checkHttp2(load: Http2Load, address: string): Promise<void> {
  const session = connect(address);
  try {
    const stream = session.request({ ":path": load.path });
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders & IncomingHttpStatusHeader];
    const body = await text(stream);
    if (head[":status"] !== 200 || body !== load.body) {
      throw new Error(`expected 200 ${JSON.stringify(load.body)}, got ${head[":status"]} ${JSON.stringify(body)}`);
    }
  } finally {
    session.close();
  }
}

const uploadClient = fileURLToPath(new URL("upload-client.js", import.meta.url));

/** @returns megabytes per second; the client compares each answer. */
export function uploadDrive(load: UploadLoad): Drive {
  return async (port, seconds) => {
    const order = JSON.stringify({ ...load, port, seconds });
    return Number(await run("load", process.execPath, [uploadClient, order], seconds * 1000 + MARGIN));
  };
}

const websocketClient = fileURLToPath(new URL("websocket-client.js", import.meta.url));

export function websocketDrive(load: WebsocketLoad, protocol?: Protocol): Drive {
  return async (port, seconds) => {
    const order = JSON.stringify({ ...load, port, seconds, protocol });
    return Number(await run("load", process.execPath, [websocketClient, order], seconds * 1000 + MARGIN));
  };
}

/** Milliseconds that it may take to open one connection of many. */
const TO_OPEN = 10;

const fanOutClient = fileURLToPath(new URL("fan-out-client.js", import.meta.url));

/** @returns messages that members got, per second */
export function fanOutDrive(load: FanOutLoad, protocol?: Protocol): Drive {
  const margin = MARGIN + load.members * TO_OPEN;
  return async (port, seconds) => {
    const order = JSON.stringify({ ...load, port, seconds, protocol });
    return Number(await run("load", process.execPath, [fanOutClient, order], seconds * 1000 + margin));
  };
}

const idleClient = fileURLToPath(new URL("idle-client.js", import.meta.url));

/** Opens so many websockets. @returns what ends them, once all are open */
export async function openIdle(port: number, count: number): Promise<() => void> {
  const client = start("load", process.execPath, [idleClient, `${port}`, `${count}`]);
  const [ready] = (await Promise.race([once(client.stdout as Readable, "data"), once(client, "exit")])) as [unknown];
  if (client.exitCode !== null) throw new Error(`idle websockets could not be opened: ${String(ready)}`);
  return () => void client.kill();
}
