/**
 * Which function of the kit a name in the tables means. Everything is looked up in the entry points of package.json, so
 * what is exported is run; only names and conventions that differ have a line here.
 */

import { existsSync, readFileSync } from "node:fs";
import type { Writable } from "node:stream";
import { readText } from "../../src/byte-streams/core.js";
import { withClock } from "../../src/clock/index.js";
import * as io from "../../src/ring/io.js";
import * as parsing from "../../src/ring/parsing.js";
import { fixturePath, resourceRoots, root } from "./fixtures.js";
import { keepalive, mapListener, mockMultipartBody, socketHelpers, writeBodyToStream } from "./ring-programs.js";

// Functions of the kit by name: what they take and give is the tables' business.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any;
export type AnyFunction = (...args: Any[]) => Any;
export type AnyHandler = (request: Any) => Any;
type Module = Readonly<Record<string, unknown>>;

const packageRoot = new URL("../../", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL("package.json", packageRoot), "utf8")) as {
  readonly exports: Readonly<Record<string, { readonly default: string } | string>>;
};

const modules = new Map<string, Module>();
for (const [entry, target] of Object.entries(manifest.exports)) {
  if (typeof target === "string" || entry.includes("*")) continue;
  const source = target.default.replace("/dist/", "/").replace(/\.js$/, ".ts");
  if (!existsSync(new URL(source, packageRoot))) continue;
  modules.set(entry, (await import(`express-ring${entry.slice(1)}`)) as Module);
}

/** A name that several entry points have means the first of these. */
const ORDER = ["./response", "./codec", "./mime-type", "./http-date", "./request", "./middleware", "./websocket", "."];

/** The function of that name in an entry point, or in the first that has it. */
export function find(name: string, entry?: string): AnyFunction | undefined {
  for (const place of entry === undefined ? ORDER : [entry]) {
    const found = modules.get(place)?.[name];
    if (typeof found === "function") return found as AnyFunction;
  }
  return undefined;
}

function needed(name: string): AnyFunction {
  const found = find(name);
  if (found === undefined) throw new Error(`${name} is not exported, but a case that is run needs it`);
  return found;
}

function writeAll(output: Writable, chunks: readonly string[]): void {
  for (const chunk of chunks) output.write(chunk);
}

/** A program over a function, if that is here. */
const programOf = (program: (called: AnyFunction) => AnyFunction, called: AnyFunction | undefined) =>
  called === undefined ? undefined : program(called);

type StoreStep = readonly [operation: "read" | "write" | "delete", key: string | null, data?: unknown];

/** What a memory store answers, step by step, and what is in it then. */
function runStore(initial: Record<string, unknown>, script: readonly StoreStep[]): unknown {
  const cell = Object.assign(Object.create(null) as Record<string, unknown>, initial);
  const store = needed("memoryStore")(cell);
  const results = script.map(([operation, key, data]) => store[`${operation}Session`](key ?? undefined, data));
  return { results, store: cell };
}

/** A function over a cookie store of the options; undefined without one. */
const overCookieStore =
  (f: (store: Any, ...args: Any[]) => unknown): (() => AnyFunction | undefined) =>
  () => {
    const cookieStore = find("cookieStore");
    return cookieStore && ((options, ...args) => f(cookieStore(options), ...args));
  };

function sealedAndRead(store: Any, sealed: string): unknown {
  return { sealed, read: store.readSession(sealed) };
}

/** Functions under another name, or with other arguments, than in the tables. */
const FUNCTIONS: Readonly<Record<string, () => AnyFunction | undefined>> = {
  requestContentType: () => find("contentType", "./request"),
  requestContentLength: () => find("contentLength", "./request"),
  bodyStringOf: () => (body: unknown) => find("bodyString")?.({ body }),
  findContentTypeCharset: () => parsing.findContentTypeCharset,
  reTokenMatch: () => parsing.isToken,
  reValueMatch: () => parsing.parseValue,
  stringInputStream: () => io.stringInputStream,
  pipedInputStream: () => (chunks: string[]) => readText(io.pipedInputStream((output) => writeAll(output, chunks))),
  fileResponse: () => (path: string, options?: { readonly root: string }) =>
    options === undefined
      ? needed("fileResponse")(fixturePath(path))
      : needed("fileResponse")(path, { ...options, root: fixturePath(options.root) }),
  resourceResponse: () => (path: string, options?: object) =>
    needed("resourceResponse")(path, { ...options, roots: resourceRoots }),
  fileRequest: () => (request: object, root: string, options?: object) =>
    needed("fileRequest")(request, fixturePath(root), options),
  resourceRequest: () => (request: object, root: string, options?: object) =>
    needed("resourceRequest")(request, root, { ...options, roots: resourceRoots }),
  cookieStoreCreate: overCookieStore(() => true),
  cookieStoreRead: overCookieStore((store, sealed) => store.readSession(sealed)),
  cookieStoreRoundTrip: overCookieStore((store, data) => sealedAndRead(store, store.writeSession(undefined, data))),
  cookieStoreDelete: overCookieStore((store, sealed) => sealedAndRead(store, store.deleteSession(sealed))),
  memoryStoreScript: () => find("memoryStore") && runStore,
  lastModifiedDate: () => (file: { path: string }) => io.lastModifiedDate(file.path),
  writeBodyToStream: () => writeBodyToStream,
  mapListener: () => mapListener,
  socketHelpers: () => socketHelpers((name) => find(name, "./websocket")),
  keepalive: () => programOf(keepalive, find("wrapWebsocketKeepalive")),
  mockMultipartBody: () => programOf(mockMultipartBody, find("multipartBody", "./mock")),
};

/** The function that a case calls; undefined if the kit does not have it yet. */
export function findFunction(name: string): AnyFunction | undefined {
  const special = FUNCTIONS[name];
  if (special !== undefined) return special();
  const [, mock] = /^mock([A-Z]\w*)$/.exec(name) ?? [];
  if (mock !== undefined) return find(mock.charAt(0).toLowerCase() + mock.slice(1), "./mock");
  return find(name);
}

type Wrap = (handler: AnyHandler, options: Any) => AnyHandler;

const isPlainMap = (value: unknown): value is Readonly<Record<string, Any>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** One map over another, and so all the way down; a store is one thing. */
function mergeDeep(under: Any, over: Any, name = ""): Any {
  if (name === "store" || !isPlainMap(under) || !isPlainMap(over)) return over;
  const names = [...new Set([...Object.keys(under), ...Object.keys(over)])];
  return Object.fromEntries(
    names.map((name) => [name, name in over ? mergeDeep(under[name], over[name], name) : under[name]]),
  );
}

/** The folders of a configuration, each as it is in the tree of files. */
function foldersOf(value: Any, place: (root: string) => object): Any {
  if (Array.isArray(value)) return value.map((each) => foldersOf(each, place));
  if (typeof value === "string") return place(value);
  return isPlainMap(value) ? { ...value, ...place(value["root"]) } : value;
}

function defaultsOf({ preset, override }: { preset: string; override?: Any }): Any {
  const base = preset === "none" ? {} : modules.get("./middleware")?.[preset];
  const config = mergeDeep(base, override ?? {});
  if (!isPlainMap(config["static"])) return config;
  const { resources, files } = config["static"];
  return {
    ...config,
    static: {
      resources: foldersOf(resources, (root) => ({ root, roots: resourceRoots })),
      files: foldersOf(files, (root) => ({ root: fixturePath(root) })),
    },
  };
}

/** Middleware whose arguments are not a handler and its options: how the table's options become arguments. */
const WRAPS: Readonly<Record<string, (wrap: AnyFunction) => Wrap>> = {
  wrapFile:
    (wrap) =>
    (handler, { root, ...options }) =>
      wrap(handler, fixturePath(root), options),
  wrapResource:
    (wrap) =>
    (handler, { root, ...options }) =>
      wrap(handler, root, { ...options, roots: resourceRoots }),
  wrapDefaults: (wrap) => (handler, options) => wrap(handler, defaultsOf(options)),
  wrapFrameOptions:
    (wrap) =>
    (handler, { value }) =>
      wrap(handler, value),
  wrapContentTypeOptions:
    (wrap) =>
    (handler, { value }) =>
      wrap(handler, value),
  wrapXssProtection:
    (wrap) =>
    (handler, { enable, options }) =>
      wrap(handler, enable, options),
  wrapDefaultCharset:
    (wrap) =>
    (handler, { charset }) =>
      wrap(handler, charset),
  wrapForwardedScheme:
    (wrap) =>
    (handler, { header }) =>
      wrap(handler, header),
  // A handler itself; what the tables call its handler is never asked.
  handleDump: (dump) => () => dump,
  wrapFileInfo:
    (wrap) =>
    (handler, { mimeTypes }) =>
      wrap(handler, mimeTypes),
};

/** Not middleware of Ring: sets the clock to `now` seconds, or to what the request says. */
const atTime: Wrap =
  (handler, { now }) =>
  ({ testNow, ...request }) => {
    const stop = (): void => {};
    const clock = { now: () => (testNow ?? now) * 1000, in: () => stop, every: () => stop };
    return withClock(clock, () => handler(request));
  };

/** The middleware of that name, as handler and options; undefined if the kit does not have it yet. */
export function findWrap(name: string): Wrap | undefined {
  if (name === "atTime") return atTime;
  const wrap = find(name);
  return wrap === undefined ? undefined : (WRAPS[name]?.(wrap) ?? wrap);
}

/** Options that name something to be made. */
export const MAKERS: Readonly<Record<string, (argument: Any) => unknown>> = {
  memory: (cell) => needed("memoryStore")(cell),
  cookieStore: (options) => needed("cookieStore")(options),
  encryptedToken: ({ secret, expirySeconds, subject }) => needed("encryptedToken")(secret, expirySeconds, subject),
};

/** Upload stores by the names the tables give them. */
export const UPLOAD_STORES: Readonly<Record<string, () => unknown>> = {
  byteArray: () => needed("byteArrayStore")(),
  tempFile: () => needed("tempFileStore")({ directory: root }),
};

/** Puts the mark for recreation on a session. */
export const recreate = (session: unknown): unknown => needed("recreate")(session);

/** Makes a handler of one in the callback style, once the kit can. */
export const fromCallbacks = (): AnyFunction | undefined => find("wrapRingAsyncHandler");
