/** The rows about servers: five tasks, by the kit and by what people use instead; HTTP/2; and an app behind a handler. */

import type { Contender, HttpLoad, Row } from "./row.js";
import { data, greeting, line, lines, text } from "./servers/tasks.js";

const BARE = "node:http";

function peers(wanted: number): readonly Contender[] {
  return [
    { name: BARE, module: "servers/node.js" },
    { name: "Fastify", module: "servers/fastify.js" },
    { name: "Koa", module: "servers/koa.js" },
    { name: "Hono", module: "servers/hono.js" },
    { name: "h3", module: "servers/h3.js" },
    { name: "Express", module: "servers/express.js" },
    {
      name: "startServer",
      kit: true,
      module: "servers/kit.js",
      targets: { [BARE]: wanted, Fastify: 1, Koa: 1, Hono: 1, h3: 1, Express: 1 },
    },
  ];
}

function row(name: string, title: string, load: Omit<HttpLoad, "kind" | "connections">): Row {
  return {
    name: `server-${name}`,
    title,
    unit: "requests/s",
    load: { kind: "http", connections: 50, ...load },
    baseline: BARE,
    contenders: peers(0.95),
  };
}

const posted = "What hath God wrought? ".repeat(20);

export const serverRows: readonly Row[] = [
  row("text", "A short text from a server", { path: "/text", body: text }),
  row("json", "A little JSON from a server", { path: "/json", body: JSON.stringify(data()) }),
  row("echo", "A POST of 460 bytes, echoed as text", {
    path: "/echo",
    post: posted,
    headers: { "content-type": "text/plain" },
    body: posted,
  }),
  row("stream", "A body of 100 messages of 64 bytes from a server", { path: "/stream", body: line.repeat(lines) }),
  row("middleware", "Query, cookies and three headers: five middlewares", {
    path: "/greet?name=Ada",
    headers: { cookie: "theme=dark; language=en" },
    body: greeting("Ada", "dark"),
  }),
  {
    name: "in-front",
    title: "A route of its own, in front of an Express app",
    unit: "requests/s",
    load: { kind: "http", path: "/text", connections: 50, body: text },
    baseline: "startServer",
    contenders: [
      { name: "startServer", kit: true, module: "servers/kit.js" },
      {
        name: "startServer with an app as fallback",
        kit: true,
        module: "servers/kit.js",
        entry: "startInFront",
        targets: { startServer: 0.95, "ring inside Express": 5 },
      },
      { name: "ring inside Express", kit: true, module: "servers/kit.js", entry: "startInside" },
    ],
  },
  {
    name: "behind",
    title: "A route of an Express app, behind a handler that passes it on",
    unit: "requests/s",
    load: { kind: "http", path: "/express", connections: 50, body: text },
    baseline: "Express",
    contenders: [
      { name: "Express", module: "servers/express.js" },
      {
        name: "Express behind startServer",
        kit: true,
        module: "servers/kit.js",
        entry: "startInFront",
        targets: { Express: 1 },
      },
    ],
  },
  {
    name: "http2",
    title: "A short text over HTTP/2 without TLS",
    unit: "requests/s",
    load: { kind: "http2", path: "/", connections: 10, streams: 10, body: text },
    baseline: "node:http2, (request, response)",
    contenders: [
      { name: "node:http2, (request, response)", module: "servers/node.js", entry: "startHttp2" },
      { name: "node:http2, streams", module: "servers/node.js", entry: "startHttp2Streams" },
      {
        name: "startServer",
        kit: true,
        module: "servers/kit.js",
        entry: "startHttp2",
        targets: { "node:http2, (request, response)": 0.95 },
      },
    ],
  },
];
