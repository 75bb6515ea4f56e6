/** Functions of this process: deferreds against promises, streams against their peers. */
import type { Row } from "./row.js";

const micro = { kind: "micro" } as const;

/** Every HTTP client with the same requests, which a module of the row's name sends. */
function clientRow(name: string, title: string, kit: string, share: number): Row {
  const module = `micro/${name}.js`;
  return {
    name,
    title,
    unit: "requests/s",
    load: micro,
    baseline: "undici.request",
    contenders: [
      { name: "undici.request", module, entry: "undici" },
      { name: "fetch", module, entry: "fetched" },
      { name: "axios", module, entry: "axios" },
      { name: "got", module, entry: "got" },
      { name: "node:http", module, entry: "nodeHttp" },
      {
        name: kit,
        kit: true,
        module,
        entry: "ring",
        targets: { "undici.request": share, fetch: 1, axios: 1, got: 1, "node:http": 1 },
      },
    ],
  };
}

export const microRows: readonly Row[] = [
  {
    name: "hello-in-process",
    title: "A short text from an Express app, without a network",
    unit: "operations/s",
    load: micro,
    baseline: "Express, writeHead/end",
    contenders: [
      { name: "Express, res.send", module: "micro/adapter.js", entry: "send" },
      { name: "Express, writeHead/end", module: "micro/adapter.js", entry: "raw" },
      {
        name: "ring",
        kit: true,
        module: "micro/adapter.js",
        entry: "synchronous",
        targets: { "Express, res.send": 1 },
      },
      { name: "ring, async handler", kit: true, module: "micro/adapter.js", entry: "asynchronous" },
    ],
  },
  {
    name: "chain-realized",
    title: "Five steps on a value that is there",
    unit: "operations/s",
    load: micro,
    baseline: "Promise, then",
    contenders: [
      { name: "Promise, then", module: "micro/chain-realized.js", entry: "promises" },
      {
        name: "chain",
        kit: true,
        module: "micro/chain-realized.js",
        entry: "deferreds",
        targets: { "Promise, then": 10 },
      },
    ],
  },
  {
    name: "chain-pending",
    title: "Five steps on a value that comes later",
    unit: "operations/s",
    load: micro,
    baseline: "p-defer, then",
    contenders: [
      { name: "p-defer, then", module: "micro/chain-pending.js", entry: "promises" },
      {
        name: "deferred, chain",
        kit: true,
        module: "micro/chain-pending.js",
        entry: "deferreds",
        targets: { "p-defer, then": 3 },
      },
    ],
  },
  {
    name: "zip-realized",
    title: "Three values that are there, put together",
    unit: "operations/s",
    load: micro,
    baseline: "Promise.all",
    contenders: [
      { name: "Promise.all", module: "micro/let-flow.js", entry: "promises" },
      { name: "zip", kit: true, module: "micro/let-flow.js", entry: "zipped", targets: { "Promise.all": 5 } },
      { name: "letFlow", kit: true, module: "micro/let-flow.js", entry: "bound", targets: { "Promise.all": 5 } },
    ],
  },
  {
    name: "zip-pending",
    title: "Three values that come later, put together",
    unit: "operations/s",
    load: micro,
    baseline: "p-defer, Promise.all",
    contenders: [
      { name: "p-defer, Promise.all", module: "micro/zip.js", entry: "promises" },
      { name: "deferred, zip", kit: true, module: "micro/zip.js", entry: "deferreds" },
    ],
  },
  {
    name: "put-take",
    title: "A message put into a stream and taken from it",
    unit: "operations/s",
    load: micro,
    baseline: "web ReadableStream",
    contenders: [
      { name: "web ReadableStream", module: "micro/put-take.js", entry: "webStream" },
      { name: "node:stream, PassThrough", module: "micro/put-take.js", entry: "passThrough" },
      { name: "@repeaterjs/repeater", module: "micro/put-take.js", entry: "repeater" },
      { name: "it-pushable", module: "micro/put-take.js", entry: "itPushable" },
      { name: "rxjs, Subject (no queue)", module: "micro/put-take.js", entry: "subject" },
      {
        name: "stream()",
        kit: true,
        module: "micro/put-take.js",
        entry: "unbuffered",
        targets: {
          "web ReadableStream": 10,
          "it-pushable": 3,
          "@repeaterjs/repeater": 3,
          "node:stream, PassThrough": 3,
        },
      },
      {
        name: "stream(16)",
        kit: true,
        module: "micro/put-take.js",
        entry: "buffered",
        targets: {
          "web ReadableStream": 10,
          "it-pushable": 3,
          "@repeaterjs/repeater": 3,
          "node:stream, PassThrough": 3,
        },
      },
      { name: "stream(16), await take", kit: true, module: "micro/put-take.js", entry: "awaited" },
    ],
  },
  {
    name: "pipeline",
    title: "Messages through map, filter and map",
    unit: "operations/s",
    load: micro,
    baseline: "web streams",
    contenders: [
      { name: "web streams", module: "micro/pipeline.js", entry: "webStreams" },
      { name: "node:stream", module: "micro/pipeline.js", entry: "nodeStreams" },
      { name: "@repeaterjs/repeater", module: "micro/pipeline.js", entry: "repeater" },
      { name: "it-pushable", module: "micro/pipeline.js", entry: "itPushable" },
      { name: "rxjs (no backpressure)", module: "micro/pipeline.js", entry: "subject" },
      { name: "a loop", module: "micro/pipeline.js", entry: "arrayLoop" },
      {
        name: "map, filter, map",
        kit: true,
        module: "micro/pipeline.js",
        entry: "streams",
        targets: { "web streams": 10, "node:stream": 1, "@repeaterjs/repeater": 1, "it-pushable": 1 },
      },
    ],
  },
  {
    name: "fan-out",
    title: "A message to a hundred sinks",
    unit: "operations/s",
    load: micro,
    baseline: "web streams, tee",
    contenders: [
      { name: "web streams, tee", module: "micro/fan-out.js", entry: "webTees" },
      { name: "rxjs, Subject (no backpressure)", module: "micro/fan-out.js", entry: "subject" },
      { name: "connect", kit: true, module: "micro/fan-out.js", entry: "streams", targets: { "web streams, tee": 5 } },
    ],
  },
  {
    name: "read-text",
    title: "A megabyte from a Node stream, as text",
    unit: "operations/s",
    load: micro,
    baseline: "node:stream/consumers, text",
    contenders: [
      { name: "node:stream/consumers, text", module: "micro/read-stream.js", entry: "consumersText" },
      { name: "get-stream", module: "micro/read-stream.js", entry: "getStreamText" },
      {
        name: "toString",
        kit: true,
        module: "micro/read-stream.js",
        entry: "kitText",
        targets: { "node:stream/consumers, text": 1, "get-stream": 1 },
      },
    ],
  },
  {
    name: "read-bytes",
    title: "A megabyte from a Node stream, as bytes",
    unit: "operations/s",
    load: micro,
    baseline: "node:stream/consumers, buffer",
    contenders: [
      { name: "node:stream/consumers, buffer", module: "micro/read-stream.js", entry: "consumersBytes" },
      { name: "get-stream, buffer", module: "micro/read-stream.js", entry: "getStreamBytes" },
      {
        name: "toByteArray",
        kit: true,
        module: "micro/read-stream.js",
        entry: "kitBytes",
        targets: { "node:stream/consumers, buffer": 1, "get-stream, buffer": 1 },
      },
    ],
  },
  {
    name: "memory-deferred",
    title: "Pending deferreds in a megabyte",
    unit: "per MB",
    load: { kind: "memory" },
    baseline: "p-defer",
    contenders: [
      { name: "p-defer", module: "micro/memory.js", entry: "pendingPromise" },
      {
        name: "deferred()",
        kit: true,
        module: "micro/memory.js",
        entry: "pendingDeferred",
        targets: { "p-defer": 1 },
      },
    ],
  },
  {
    name: "memory-stream",
    title: "Idle streams in a megabyte",
    unit: "per MB",
    load: { kind: "memory" },
    baseline: "web ReadableStream",
    contenders: [
      { name: "web ReadableStream", module: "micro/memory.js", entry: "idleWebStream" },
      {
        name: "stream()",
        kit: true,
        module: "micro/memory.js",
        entry: "idleStream",
        targets: { "web ReadableStream": 5 },
      },
    ],
  },
  clientRow("client-small", "A GET of a few bytes, by HTTP clients", "http.get", 0.9),
  clientRow("client-download", "A GET of 10 MB, by HTTP clients", "http.get", 0.95),
  clientRow("client-upload", "A POST of 10 MB, by HTTP clients", "http.post", 0.95),
];
