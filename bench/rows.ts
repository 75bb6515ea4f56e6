/** What is measured, as data: a row is one task, its contenders are the ways to do it. */

import { files } from "./http/static-folder.js";
import { microRows } from "./micro-rows.js";
import { realtimeRows } from "./realtime-rows.js";
import type { Contender, Row } from "./row.js";
import { serverRows } from "./server-rows.js";

const STATIC: readonly Contender[] = [
  { name: "Express, serve-static", module: "http/express-static.js", entry: "startServeStatic" },
  { name: "Express, sirv (dev)", module: "http/express-static.js", entry: "startSirvUncached" },
  { name: "Express, sirv", module: "http/express-static.js", entry: "startSirvCached" },
  {
    name: "ring, wrapFile",
    kit: true,
    module: "http/ring-static.js",
    entry: "startUncached",
    targets: { "Express, serve-static": 1 },
  },
  {
    name: "ring, wrapFile, withMessageClasses",
    kit: true,
    module: "http/ring-static.js",
    entry: "startUncachedWithClasses",
    targets: { "Express, serve-static": 1, "Express, sirv (dev)": 1 },
  },
  {
    name: "ring, wrapFile with cacheFor",
    kit: true,
    module: "http/ring-static.js",
    entry: "startCached",
  },
  {
    name: "ring, wrapFile with cacheFor, withMessageClasses",
    kit: true,
    module: "http/ring-static.js",
    entry: "startCachedWithClasses",
    targets: { "Express, sirv": 1 },
  },
];
const order = JSON.stringify({
  id: 4711,
  customer: {
    name: "Ada Lovelace",
    email: "ada@example.com",
    address: { city: "London", street: "St James's Square" },
  },
  lines: [
    { article: "a-1", text: "Punched cards", count: 100, price: 0.5 },
    { article: "a-2", text: "Gear wheel", count: 12, price: 7.25 },
    { article: "a-3", text: "Axle", count: 3, price: 19 },
    { article: "a-4", text: "Oil, 1 pint", count: 2, price: 4.75 },
    { article: "a-5", text: "Crank", count: 1, price: 11 },
  ],
  tags: ["new", "gift"],
});

export const rows: readonly Row[] = [
  {
    name: "hello",
    title: "A short text from an Express app",
    unit: "requests/s",
    load: { kind: "http", path: "/", connections: 50, body: "Hello, world!" },
    baseline: "Express, writeHead/end",
    contenders: [
      { name: "Express, res.send", module: "http/express-send.js" },
      { name: "Express, writeHead/end", module: "http/express-raw.js" },
      {
        name: "ring",
        kit: true,
        module: "http/ring-hello.js",
        entry: "startSynchronous",
        targets: { "Express, writeHead/end": 0.97, "Express, res.send": 1 },
      },
      {
        name: "ring, async handler",
        kit: true,
        module: "http/ring-hello.js",
        entry: "startAsynchronous",
        targets: { "Express, writeHead/end": 0.93 },
      },
      {
        name: "Express, writeHead/end, withMessageClasses",
        kit: true,
        module: "http/express-raw-with-classes.js",
      },
      {
        name: "ring, withMessageClasses",
        kit: true,
        module: "http/ring-hello.js",
        entry: "startSynchronousWithClasses",
        targets: { "Express, writeHead/end, withMessageClasses": 0.97 },
      },
      {
        name: "ring, async handler, withMessageClasses",
        kit: true,
        module: "http/ring-hello.js",
        entry: "startAsynchronousWithClasses",
        targets: { "Express, writeHead/end, withMessageClasses": 0.93 },
      },
    ],
  },
  {
    name: "parameters",
    title: "Query parameters, a cookie and a content type by file extension",
    unit: "requests/s",
    load: {
      kind: "http",
      path: "/greeting.txt?name=Ada+Lovelace&mark=%21",
      headers: { cookie: "theme=dark; language=en" },
      connections: 50,
      body: "Hello, Ada Lovelace! (dark)",
    },
    baseline: "Express, cookie-parser, res.end",
    contenders: [
      { name: "Express, cookie-parser, res.send", module: "http/express-parameters.js", entry: "startWithSend" },
      { name: "Express, cookie-parser, res.end", module: "http/express-parameters.js", entry: "startWithEnd" },
      { name: "ring, params + cookies + content-type", kit: true, module: "http/ring-parameters.js" },
    ],
  },
  {
    name: "site",
    title: "A page with session, CSRF token, security headers, static files and compression",
    unit: "requests/s",
    load: {
      kind: "http",
      path: "/hello?topic=rings",
      keepsCookies: true,
      connections: 50,
      body: "<p>Hello, Ada, about rings.</p>",
    },
    baseline: "Express, seven packages",
    contenders: [
      { name: "Express, seven packages", module: "http/express-site.js", entry: "startSite" },
      {
        name: "ring, siteDefaults + compression",
        kit: true,
        module: "http/ring-site.js",
        entry: "startSite",
        targets: { "Express, seven packages": 2 },
      },
      {
        name: "ring, siteDefaults + compression, withMessageClasses",
        kit: true,
        module: "http/ring-site.js",
        entry: "startSiteWithClasses",
        targets: { "Express, seven packages": 2 },
      },
    ],
  },
  {
    name: "api",
    title: "Parameters, conditional requests and lengths, as of an API",
    unit: "requests/s",
    load: { kind: "http", path: "/hello?topic=rings", connections: 50, body: "<p>Hello, Ada, about rings.</p>" },
    baseline: "Express, express.urlencoded, res.send",
    contenders: [
      { name: "Express, express.urlencoded, res.send", module: "http/express-site.js", entry: "startApi" },
      {
        name: "ring, apiDefaults",
        kit: true,
        module: "http/ring-site.js",
        entry: "startApi",
        targets: { "Express, express.urlencoded, res.send": 1 },
      },
      {
        name: "ring, apiDefaults, withMessageClasses",
        kit: true,
        module: "http/ring-site.js",
        entry: "startApiWithClasses",
        targets: { "Express, express.urlencoded, res.send": 2 },
      },
    ],
  },
  {
    name: "json",
    title: "JSON in and out: an order of 430 bytes, answered by its total",
    unit: "requests/s",
    load: {
      kind: "http",
      path: "/orders",
      headers: { "content-type": "application/json" },
      post: order,
      connections: 50,
      body: '{"id":4711,"customer":"Ada Lovelace","lines":5,"total":214.5,"tags":["new","gift"],"note":null}',
    },
    baseline: "Express, express.json, res.json",
    contenders: [
      { name: "Express, express.json, res.json", module: "http/express-json.js" },
      {
        name: "ring, wrapJsonBody + wrapJsonResponse",
        kit: true,
        module: "http/ring-json.js",
        targets: { "Express, express.json, res.json": 1 },
      },
      {
        name: "ring, wrapJsonBody + wrapJsonResponse, withMessageClasses",
        kit: true,
        module: "http/ring-json.js",
        entry: "startWithClasses",
        targets: { "Express, express.json, res.json": 1.2 },
      },
    ],
  },
  {
    name: "stream",
    title: "A body of 100 messages of 64 bytes",
    unit: "requests/s",
    load: { kind: "http", path: "/", connections: 50, body: `${"x".repeat(63)}\n`.repeat(100) },
    baseline: "Express, res.write and drain",
    contenders: [
      { name: "Express, res.write and drain", module: "http/express-stream.js" },
      {
        name: "ring, stream(), every put awaited",
        kit: true,
        module: "http/ring-stream.js",
        entry: "startAwaiting",
        targets: { "Express, res.write and drain": 0.9 },
      },
      { name: "ring, stream(100), filled at once", kit: true, module: "http/ring-stream.js", entry: "startFilled" },
    ],
  },
  {
    name: "multipart",
    title: "A form with a file of 50 MB, into a temporary file",
    unit: "MB/s",
    load: { kind: "upload", path: "/", connections: 2, size: 50_000_000, body: "film 50000000" },
    baseline: "Express, multer's disk storage",
    contenders: [
      { name: "Express, multer's disk storage", module: "http/express-upload.js" },
      {
        name: "ring, multipart-params, temp-file store",
        kit: true,
        module: "http/ring-upload.js",
        targets: { "Express, multer's disk storage": 1 },
        leaner: "Express, multer's disk storage",
      },
    ],
  },
  {
    name: "static-small",
    title: "A static file of 2 KiB",
    unit: "requests/s",
    load: { kind: "http", path: "/small.txt", connections: 50, body: files["small.txt"] },
    baseline: "Express, serve-static",
    contenders: STATIC,
  },
  {
    name: "static-large",
    title: "A static file of 1 MiB",
    unit: "requests/s",
    load: { kind: "http", path: "/large.txt", connections: 20, body: files["large.txt"] },
    baseline: "Express, serve-static",
    contenders: STATIC,
  },
  ...realtimeRows,
  ...serverRows,
  ...microRows,
];
