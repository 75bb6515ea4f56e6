/** Descriptors: the names of representations of bytes, which the classes of JavaScript alone cannot tell apart. */

import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { Readable, type Writable } from "node:stream";
import type { ReadableStream, WritableStream } from "node:stream/web";
import { types as is } from "node:util";
import { isSink, isSource, type Sink, type Source } from "../stream/index.js";
import type { ByteSink } from "./byte-sink.js";
import type { ByteSource } from "./byte-source.js";
import { HttpFile } from "./http-file.js";

declare const VALUE: unique symbol;

/** Is it one thing, an iterable of things, a stream of things, or an array of things? */
export type TypeKind = "one" | "seq" | "stream" | "vector";

/** Names a representation of bytes; `T` is what its values are in TypeScript. */
export interface Type<T = unknown> {
  /** As it is told in errors and in the drawn graph: "string", "seqOf(bytes)". */
  readonly name: string;
  readonly kind: TypeKind;
  /** What a collection is of. */
  readonly element?: Type | undefined;
  /** The types whose conversions do for this one too. */
  readonly supertypes: readonly Type[];
  /** Never there: it holds `T` for the compiler. */
  readonly [VALUE]?: T;
}

/** What a built-in type is for: bytes that are there, bytes that come, bytes that go. */
type Role = "whole" | "source" | "sink";

/** A type, and the collections of it, which are made once each. */
class Descriptor implements Type<never> {
  readonly name: string;
  readonly kind: TypeKind;
  readonly element: Descriptor | undefined;
  readonly role: Role | undefined;
  readonly #extends: Descriptor | undefined;
  readonly #collections = new Map<TypeKind, Descriptor>();

  constructor(name: string, kind: TypeKind, element?: Descriptor, role?: Role, supertype?: Descriptor) {
    this.name = name;
    this.kind = kind;
    this.element = element;
    this.role = role;
    this.#extends = supertype;
  }

  get supertypes(): readonly Descriptor[] {
    const above = this.element === undefined ? this.#extends : this.element.supertypes[0]?.collection(this.kind);
    return above === undefined ? [] : [above, ...above.supertypes];
  }

  collection(kind: TypeKind): Descriptor {
    let found = this.#collections.get(kind);
    if (found === undefined) {
      found = new Descriptor(`${kind}Of(${this.name})`, kind, this);
      this.#collections.set(kind, found);
    }
    return found;
  }
}

/** How values of a type are known. The first that matches counts. */
const known: { readonly type: Descriptor; matches(x: unknown): boolean }[] = [];
/** Those that users have defined, the newest first. */
const defined: typeof known = [];

function builtIn<T>(name: string, role: Role, matches: (x: unknown) => boolean, supertype?: Type): Type<T> {
  const type = new Descriptor(name, "one", undefined, role, supertype as Descriptor | undefined);
  known.push({ type, matches });
  return type;
}

const has =
  (...methods: readonly string[]) =>
  (x: unknown): boolean =>
    typeof x === "object" &&
    x !== null &&
    methods.every((method) => typeof (x as Record<string, unknown>)[method] === "function");

const isBlob = (x: unknown): boolean =>
  has("arrayBuffer", "stream")(x) && typeof (x as { readonly size?: unknown }).size === "number";
const isFileUrl = (x: unknown): boolean =>
  typeof x === "object" && x !== null && "href" in x && (x as { readonly protocol?: unknown }).protocol === "file:";

/** The representations that there are, each under its name. */
export interface Types {
  readonly string: Type<string>;
  /** `Uint8Array`, and so `Buffer`. */
  readonly bytes: Type<Uint8Array>;
  readonly buffer: Type<Buffer>;
  readonly arrayBuffer: Type<ArrayBuffer>;
  readonly sharedArrayBuffer: Type<SharedArrayBuffer>;
  readonly dataView: Type<DataView>;
  /** Any other array over bytes: a `Uint16Array`, a `Float64Array`. */
  readonly view: Type<ArrayBufferView>;
  /** `Blob`, and so `File`. */
  readonly blob: Type<Blob>;
  /** What `file(path)` makes; a plain string is text, never a path. */
  readonly file: Type<HttpFile>;
  /** A `file:` URL. */
  readonly url: Type<URL>;
  readonly fileHandle: Type<FileHandle>;
  readonly byteSource: Type<ByteSource>;
  /** Node's. */
  readonly readable: Type<Readable>;
  /** The web's. */
  readonly webReadable: Type<ReadableStream<Uint8Array>>;
  readonly byteSink: Type<ByteSink>;
  /** Node's. */
  readonly writable: Type<Writable>;
  /** The web's. */
  readonly webWritable: Type<WritableStream<Uint8Array>>;
  /** The kit's. */
  readonly sink: Type<Sink<Uint8Array>>;
  /** What an element is that nobody has named: it is looked at when it comes. */
  readonly unknown: Type;
}

const bytes = new Descriptor("bytes", "one", undefined, "whole");
const string: Type<string> = builtIn("string", "whole", (x) => typeof x === "string");
const buffer: Type<Buffer> = builtIn("buffer", "whole", (x) => Buffer.isBuffer(x), bytes);
known.push({ type: bytes, matches: is.isUint8Array });

/**
 * The representations of bytes, by name. A collection of one is named by `seqOf`, `streamOf` and `vectorOf`, a new one by
 * `defType`.
 *
 * @example
 * convertSync("hé", types.bytes); // => Buffer.from([0x68, 0xc3, 0xa9])
 */
export const types: Types = {
  string,
  bytes: bytes as Type<Uint8Array>,
  buffer,
  dataView: builtIn("dataView", "whole", is.isDataView),
  view: builtIn("view", "whole", (x) => ArrayBuffer.isView(x)),
  sharedArrayBuffer: builtIn("sharedArrayBuffer", "whole", is.isSharedArrayBuffer),
  arrayBuffer: builtIn("arrayBuffer", "whole", is.isAnyArrayBuffer),
  blob: builtIn("blob", "whole", isBlob),
  file: builtIn("file", "whole", (x) => x instanceof HttpFile),
  url: builtIn("url", "whole", isFileUrl),
  fileHandle: builtIn("fileHandle", "source", has("createReadStream", "createWriteStream", "stat")),
  byteSource: builtIn("byteSource", "source", has("takeBytes", "close")),
  readable: builtIn("readable", "source", has("read", "pipe", "on", "destroy")),
  webReadable: builtIn("webReadable", "source", has("getReader", "cancel")),
  byteSink: builtIn("byteSink", "sink", has("sendBytes", "close")),
  writable: builtIn("writable", "sink", has("write", "end", "on")),
  webWritable: builtIn("webWritable", "sink", has("getWriter", "abort")),
  sink: builtIn("sink", "sink", isSink),
  unknown: new Descriptor("unknown", "one"),
};

/**
 * A new type: one conversion to or from it (`defConversion`) connects it with all others.
 *
 * @param name For errors and the drawn graph.
 * @param matches Tells its values from everything else. New types are asked before the built-in ones, the newest first.
 * @example
 * class Page {
 *   constructor(readonly html: string) {}
 * }
 * const page = defType("page", (x): x is Page => x instanceof Page);
 * defConversion(page, types.string, (one) => one.html);
 * await toByteArray(new Page("<p>")); // => Buffer.from("<p>")
 */
export function defType<T>(name: string, matches: (x: unknown) => x is T): Type<T> {
  const type = new Descriptor(name, "one");
  defined.unshift({ type, matches });
  return type;
}

/** An iterable of a type. @see Source: `clj-commons.byte-streams/seq-of`. */
export function seqOf<T>(type: Type<T>): Type<Iterable<T>> {
  return (type as Descriptor).collection("seq");
}

/** A stream of the kit, of a type; async iterables are made one. @see Source: `clj-commons.byte-streams/stream-of`. */
export function streamOf<T>(type: Type<T>): Type<Source<T>> {
  return (type as Descriptor).collection("stream");
}

/** An array of a type. @see Source: `clj-commons.byte-streams/vector-of`. */
export function vectorOf<T>(type: Type<T>): Type<readonly T[]> {
  return (type as Descriptor).collection("vector");
}

/** Is it a type that bytes are written to? */
export function isSinkType(type: Type): boolean {
  return (type as Descriptor).role === "sink";
}

/** Does a value of it hold all its bytes, with nothing to be read any more? */
export function isWhole(type: Type): boolean {
  if (type.kind === "vector") return type.element !== undefined && isWhole(type.element);
  return (type as Descriptor).role === "whole";
}

/**
 * The type of a value; undefined if it is no representation of bytes, as numbers and plain objects are.
 *
 * What a stream or an iterable holds is not known before it is read: it is `unknown`, and each element is looked at when it
 * comes. An array is looked at whole: its elements have a type in common, or are unknown. What can be both read and written
 * (a socket) is taken for something to read.
 *
 * @example
 * typeDescriptor(["a", "b"])?.name; // => "vectorOf(string)"
 * typeDescriptor(new Set(["a"]))?.name; // => "seqOf(unknown)"
 * typeDescriptor(42); // => undefined
 * @see Source: `clj-commons.byte-streams/type-descriptor`.
 */
export function typeDescriptor(x: unknown): Type | undefined {
  const byUser = first(defined, x);
  if (byUser !== undefined) return byUser;
  // Bodies of requests are asked for most of all.
  if (x instanceof Readable) return types.readable;
  return first(sources, x) ?? collectionType(x) ?? first(sinks, x);
}

/** The type of a value as something to write to, if it is that; otherwise its type. */
export function sinkDescriptor(x: unknown): Type | undefined {
  return first(defined, x) ?? first(sinks, x) ?? typeDescriptor(x);
}

const sources = known.filter(({ type }) => type.role !== "sink");
const sinks = known.filter(({ type }) => type.role === "sink");

function first(candidates: typeof known, x: unknown): Descriptor | undefined {
  return candidates.find((candidate) => candidate.matches(x))?.type;
}

function collectionType(x: unknown): Type | undefined {
  if (typeof x !== "object" || x === null) return undefined;
  if (Array.isArray(x)) return vectorOf(commonType(x));
  if (isSource(x) || Symbol.asyncIterator in x) return streamOf(types.unknown);
  if (Symbol.iterator in x) return seqOf(types.unknown);
  return has("next")(x) ? streamOf(types.unknown) : undefined;
}

/** The type of all elements; an array of arrays is not looked into. */
function commonType(elements: readonly unknown[]): Type {
  let common: Type | undefined;
  for (const element of elements) {
    const type = Array.isArray(element) ? undefined : typeDescriptor(element);
    if (type === undefined || type.kind !== "one" || (common !== undefined && common !== type)) return types.unknown;
    common = type;
  }
  return common ?? types.unknown;
}
