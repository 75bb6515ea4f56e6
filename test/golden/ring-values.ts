/** Values between the tables and the kit: what the tables write becomes what it stands for, and back. */

import { readFileSync } from "node:fs";
import { normalize } from "node:path";
import { Readable } from "node:stream";
import { file, HttpFile, isReadable, readBytes } from "../../src/byte-streams/core.js";
import { BigDecimal } from "../../src/ring/big-decimal.js";
import { Seq, seq } from "../../src/ring/seq.js";
import { bytesOf, fixturePath, tablePath } from "./fixtures.js";
import type { Json, JsonMap } from "./ring-cases.js";
import { MAKERS, UPLOAD_STORES } from "./ring-table.js";

const isMap = (value: unknown): value is JsonMap =>
  Object.prototype.toString.call(value) === "[object Object]" && !(value instanceof HttpFile);

/** The one key of a map that stands for something else, and what is under it. */
function marked(value: unknown): readonly [key: string, argument: Json] | undefined {
  if (!isMap(value)) return undefined;
  const [first, second] = Object.entries(value);
  return second === undefined ? first : undefined;
}

type Value = string | number | boolean | null | undefined;

/** The functions that the tables name. */
function namedFunction(name: string): unknown {
  const [, header] = /^readHeader:(.*)$/.exec(name) ?? [];
  if (header !== undefined) return (request: { headers: Record<string, string> }) => request.headers[header];
  return NAMED[name];
}

const NAMED: Readonly<Record<string, unknown>> = {
  identity: (value: unknown) => value,
  upperCase: (value: string) => value.toUpperCase(),
  nameUpperCase: (value: string) => value.toUpperCase(),
  splitOnDot: (value: string) => value.split("."),
  append: (...parts: Value[]) => parts.map((part) => part ?? "").join(""),
  constant: (_: unknown, second: unknown) => second,
  nullForX: (value: string) => (value === "x" ? null : value),
  plainPair: (pair: Record<string, Value>) => Object.entries(pair).map(([name, value]) => `${name}=${value}`)[0],
  getIdentity: (request: { identity?: unknown }) => request.identity,
};

/** What the tables mark by a map of one key, wherever it stands. */
const MARKS: Readonly<Record<string, (argument: never) => unknown>> = {
  set: (elements: readonly Json[]) => new Set(elements.map(read)),
  base64: (text: string) => new Uint8Array(Buffer.from(text, "base64")),
  date: (text: string) => new Date(text),
  // The kit has no type for durations: they are seconds.
  duration: (seconds: number) => seconds,
  bigint: (digits: string) => BigInt(digits),
  bigdecimal: (digits: string) => new BigDecimal(digits),
  double: (name: string) => Number(name.replace("##", "").replace("Inf", "Infinity")),
  fn: namedFunction,
  handler: (response: JsonMap | null) => () => readResponse(response),
  file: (path: string) => file(fixturePath(path)),
};

const FITS: Readonly<Record<string, (argument: Json) => boolean>> = {
  set: Array.isArray,
  duration: (argument) => typeof argument === "number",
  handler: (argument) => typeof argument === "object",
};

/** A value of the tables as a value of the kit. */
export function read(value: Json): unknown {
  const [key, argument] = marked(value) ?? [];
  const mark = key === undefined || !Object.hasOwn(MARKS, key) ? undefined : MARKS[key];
  if (mark !== undefined && (FITS[key ?? ""] ?? ((it) => typeof it === "string"))(argument as Json)) {
    return mark(argument as never);
  }
  if (Array.isArray(value)) return value.map(read);
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [Object.hasOwn(KEYS, name) ? KEYS[name] : name, read(inner)]),
  );
}

/** Keys with a namespace, as the kit has them. */
const KEYS: Readonly<Record<string, string>> = {
  "ring.websocket/listener": "websocketListener",
  "ring.websocket/protocol": "websocketProtocol",
};

/** A stream to read once, in pieces that split characters. */
function streamOf(content: { readonly text: string } | { readonly base64: string }): Readable {
  const bytes = bytesOf(content);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 5) pieces.push(bytes.subarray(at, at + 5));
  return Readable.from(pieces, { objectMode: false });
}

const isContent = (key: string | undefined): boolean => key === "text" || key === "base64";

/** The body of a response. */
export function readBody(body: Json): unknown {
  const [key, argument] = marked(body) ?? [];
  if (key === "text") return argument;
  if (key === "seq") return seq((argument as readonly Json[]).map(read));
  if (key === "stream") return streamOf(argument as { text: string });
  return key === "value" ? read(argument as Json) : read(body);
}

function withBody(map: JsonMap, body: (body: Json) => unknown): Record<string, unknown> {
  const whole = read(map) as Record<string, unknown>;
  return map["body"] === undefined ? whole : { ...whole, body: body(map["body"]) };
}

export function readResponse(response: JsonMap | null | undefined): Record<string, unknown> | null {
  return response === null || response === undefined ? null : withBody(response, readBody);
}

export function readRequest(request: JsonMap | null | undefined): Record<string, unknown> | null {
  if (request === null || request === undefined) return null;
  return withBody(request, (body) => {
    const [key] = marked(body) ?? [];
    return isContent(key) ? streamOf(body as { text: string }) : read(body);
  });
}

/** An argument of a function: a body, a response (it has a status), a request, or data. */
export function readArgument(argument: Json): unknown {
  const [key] = marked(argument) ?? [];
  if (key === "text" || key === "seq" || key === "stream" || key === "value") return readBody(argument);
  if (!isMap(argument) || argument["body"] === undefined) return read(argument);
  return "status" in argument ? readResponse(argument) : readRequest(argument);
}

/** Options of middleware; `calls` hears what a scripted store is asked. */
export function readOptions(options: JsonMap, cells: Record<string, unknown>[], calls: unknown[]): unknown {
  const make = (value: Json, name: string): unknown => {
    const [key, argument] = marked(value) ?? [];
    if (name === "store" && typeof value === "string") return UPLOAD_STORES[value]?.();
    if (key === "stub") return scriptedStore(argument as JsonMap, calls);
    if (name === "errorResponse" || name === "timeoutResponse" || name === "malformedResponse") {
      return value === null ? null : readResponse(value as JsonMap);
    }
    if (key === "memory") {
      const cell = Object.assign(Object.create(null) as Record<string, unknown>, read(argument as Json));
      cells.push(cell);
      return MAKERS["memory"]?.(cell);
    }
    if (key !== undefined && Object.hasOwn(MAKERS, key)) return MAKERS[key]?.(read(argument as Json));
    if (key === undefined && isMap(value)) return each(value);
    return key !== undefined && !Object.hasOwn(MARKS, key) ? each(value as JsonMap) : read(value);
  };
  const each = (map: JsonMap): unknown =>
    Object.fromEntries(Object.entries(map).map(([name, value]) => [name, make(value, name)]));
  return each(options);
}

function scriptedStore(script: JsonMap, calls: unknown[]): unknown {
  const answer = (name: string, ...call: unknown[]): unknown => {
    calls.push([name, ...call]);
    return read(script[name] ?? null);
  };
  return {
    readSession: (key: unknown) => answer("read", key ?? null),
    writeSession: (key: unknown, data: unknown) => answer("write", key ?? null, data),
    deleteSession: (key: unknown) => answer("delete", key ?? null),
  };
}

/** A file that was uploaded: its text, or its bytes if they are none. */
function showTempFile(path: string): JsonMap {
  const bytes = readFileSync(path);
  const text = bytes.toString();
  return { tempFile: Buffer.from(text).equals(bytes) ? { text } : base64(bytes) };
}

const base64 = (bytes: Uint8Array): JsonMap => ({ base64: Buffer.from(bytes).toString("base64") });

/** A value of the kit as the tables write it. */
export async function show(value: unknown): Promise<Json> {
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value === "function") return { fn: value.name };
  if (typeof value !== "object") return value as Json;
  if (value instanceof HttpFile) return { file: tablePath(value.path) };
  if (value instanceof BigDecimal) return { bigdecimal: String(value) };
  if (ArrayBuffer.isView(value)) return base64(value as Uint8Array);
  if (isReadable(value)) return { stream: base64(await readBytes(value)) };
  const kind = Object.prototype.toString.call(value);
  if (kind === "[object Date]") return { date: (value as Date).toISOString() };
  if (kind === "[object Set]") return { set: (await showAll([...(value as Set<unknown>)])).sort(byText) };
  if (Array.isArray(value)) return showAll(value);
  if (kind === "[object Generator]") return { streamable: { text: [...(value as Iterable<string>)].join("") } };
  if (value instanceof Seq) return { seq: await showAll([...value]) };
  const shown = Object.create(null) as Record<string, Json>;
  const isResponse = "status" in value;
  for (const [name, inner] of Object.entries(value)) {
    if (isResponse && name === "body") shown[name] = await showBody(inner);
    else shown[name] = name === "tempfile" ? showTempFile(inner as string) : await show(inner);
  }
  return shown;
}

const byText = (a: Json, b: Json): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const showAll = (values: readonly unknown[]): Promise<Json[]> => Promise.all(values.map(show));

/** The body of a response as the tables write it. */
export async function showBody(body: unknown): Promise<Json> {
  if (typeof body === "string") return { text: body };
  const shown = await show(body);
  const [key] = marked(shown) ?? [];
  const isBody =
    shown === null || (key !== undefined && ["base64", "file", "seq", "stream", "streamable"].includes(key));
  return isBody ? shown : { value: shown };
}

export async function showResponse(response: unknown): Promise<Json> {
  if (response === null || response === undefined) return null;
  const { body, ...rest } = response as { body?: unknown };
  return { ...((await show(rest)) as JsonMap), body: await showBody(body) };
}

/** What the places in a text that differ from run to run must look like. */
const WILDCARDS: Readonly<Record<string, string>> = {
  any: "[^]*",
  "any:uuid": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  "any:token": "[A-Za-z0-9+/]{80}",
  "any:sealed": "[A-Za-z0-9+/%]+(?:=|%3D)*(?:--)[A-Za-z0-9+/%]+(?:=|%3D)*",
  "any:jwe": "[\\w-]+(?:\\.[\\w-]*){3}\\.[\\w-]+",
  boundary: "[\\w'()+,./:=?-]+",
};

function isLike(expected: string, actual: string): boolean {
  if (!expected.includes("{{")) return expected === actual;
  const pattern = expected
    .split(/\{\{([^}]*)\}\}/)
    .map((part, index) => (index % 2 === 0 ? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") : `(?:${WILDCARDS[part]})`));
  return new RegExp(`^${pattern.join("")}$`).test(actual);
}

/** The bytes that a map of one key stands for. */
function contentOf(value: Json): string | undefined {
  const [key, argument] = marked(value) ?? [];
  if (key === "stream") return contentOf(argument as Json);
  return isContent(key) && typeof argument === "string"
    ? bytesOf(value as { text: string }).toString("base64")
    : undefined;
}

/**
 * Where the shown value is not what the table says, one line for each place. Null and absent are alike, except for the
 * keys named in `strict`. With `lenient`, bytes and streams of a text count as the text, as in results of functions.
 */
export function differences(
  expected: Json | undefined,
  actual: Json | undefined,
  path: string,
  how: { readonly strict?: readonly string[]; readonly lenient?: boolean } = {},
): string[] {
  const wrong = [`${path}: ${JSON.stringify(expected)} expected, ${JSON.stringify(actual)} found`];
  if (expected === "{{any}}") return [];
  if (expected === null || expected === undefined) return actual === null || actual === undefined ? [] : wrong;
  if (typeof expected === "string") return typeof actual === "string" && isLike(expected, actual) ? [] : wrong;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return wrong;
    return expected.flatMap((element: Json, index) =>
      differences(element, actual[index] as Json, `${path}.${index}`, how),
    );
  }
  if (!isMap(expected)) return Object.is(expected, actual) ? [] : wrong;
  if (!isMap(actual)) return wrong;
  const [expectedKey, named] = marked(expected) ?? [];
  // The JVM keeps dots in the names of files.
  if (expectedKey === "file" && typeof named === "string" && normalize(named) === actual["file"]) return [];
  const isBoth = expectedKey === "stream" ? marked(actual)?.[0] === "stream" : how.lenient === true;
  const content = contentOf(expected);
  if (isBoth && content !== undefined && content === contentOf(actual)) return [];
  const like = new Map(
    Object.keys(expected).map((key) => [key, Object.keys(actual).find((it) => isLike(key, it)) ?? key]),
  );
  const keys = new Set([...like.values(), ...Object.keys(actual)]);
  const names = new Map([...like].map(([name, found]) => [found, name]));
  return [...keys].flatMap((key) => {
    const name = names.get(key) ?? key;
    if (how.strict?.includes(name) && Object.hasOwn(expected, name) !== Object.hasOwn(actual, key)) return wrong;
    return differences(expected[name], actual[key], `${path}.${key}`, { lenient: how.lenient === true });
  });
}
