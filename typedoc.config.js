import { readdirSync, readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/** The source of every entry point; `./middleware/*` is one for each file of the folder. */
const entryPoints = Object.values(manifest.exports).flatMap((target) => {
  if (typeof target === "string") return [];
  const source = target.default.replace("./dist/", "").replace(/\.js$/, ".ts");
  if (!source.includes("*")) return [source];
  const [folder] = source.split("*");
  return readdirSync(new URL(folder, import.meta.url), { recursive: true })
    .filter((path) => path.endsWith(".ts") && path !== "index.ts")
    .map((path) => folder + path);
});

/** Members whose names say it all: of what is used of other packages' objects, and what reads numbers. */
const NOT_DOCUMENTED = Object.entries({
  "middleware/session/express-session.ExpressSessionStore": ["destroy", "get", "set", "touch"],
  "src.ListeningExpressApp": ["listen"],
  "src.RawWebSocket": ["close", "off", "on", "ping", "pong", "send", "terminate"],
  "src.Seq": ["[iterator]"],
  "src/bus.IoRedisClient": ["connect", "disconnect", "duplicate", "off", "on", "publish", "subscribe", "unsubscribe"],
  "src/bus.NodeRedisClient": ["connect", "destroy", "duplicate", "off", "on", "publish", "subscribe", "unsubscribe"],
  "src/byte-streams.DataReader": [
    "readBigInt64",
    "readBigUint64",
    "readBytes",
    "readFloat32",
    "readFloat64",
    "readInt16",
    "readInt32",
    "readInt8",
    "readUint16",
    "readUint32",
    "readUint8",
  ],
  "src/deferred.Listener": ["onError", "onSuccess"],
  "src/deferred.PDeferred": ["reject", "resolve"],
  "src/deferred.Takeable": ["isDrained", "take"],
  "src/http.HttpClient": ["request"],
  "src/http.JsonOptions": ["replacer", "reviver"],
  "src/sse.IoRedisCommands": ["call", "connect", "disconnect", "duplicate", "on"],
  "src/sse.NodeRedisCommands": ["connect", "destroy", "duplicate", "on", "sendCommand"],
  "src/stream.Emitter": ["emit", "off", "on"],
  "src/stream.Observable": ["@@observable", "[observable]", "subscribe"],
  "src/stream.ObservableLike.__type": ["@@observable", "[observable]"],
  "src/stream.Observer": ["complete", "error", "next"],
  "src/stream.PartialObserver": ["complete", "error", "next"],
  "src/stream.Subscribable": ["subscribe"],
  "src/stream.Subscription": ["unsubscribe"],
  "src/stream.Unsubscribable": ["unsubscribe"],
}).flatMap(([owner, members]) => members.map((member) => `${owner}.${member}`));

/** Types that others are made of, and nobody needs by name. */
const NOT_EXPORTED = [
  "middleware/absolute-redirects.ts:Redirected",
  "middleware/anti-forgery/session.ts:SessionData",
  "middleware/defaults.ts:Get",
  "middleware/defaults.ts:If",
  "middleware/defaults.ts:Needed",
  "middleware/defaults.ts:Off",
  "middleware/defaults.ts:Roots",
  "middleware/defaults.ts:Spelt",
  "middleware/defaults.ts:Stored",
  "middleware/defaults.ts:Switch",
  "middleware/flash.ts:WithSession",
  "middleware/head.ts:Method",
  "middleware/json.ts:WithoutBody",
  "middleware/multipart-params.ts:Request",
  "middleware/multipart-params.ts:StoreOptions",
  "middleware/multipart-params.ts:WrapOptions",
  "middleware/not-modified.ts:Validated",
  "middleware/params.ts:Limits",
  "middleware/params.ts:Unparsed",
  "middleware/params.ts:WithParams",
  "middleware/ranges.ts:Ranged",
  "middleware/session-timeout.ts:WithSession",
  "middleware/ssl.ts:Redirected",
  "middleware/x-headers.ts:Answer",
  "src/bus/redis-client.ts:Listener",
  "src/byte-streams/http-file.ts:SeenFile",
  "src/byte-streams/read.ts:ByteBody",
  "src/byte-streams/read.ts:ReadBytesOptions",
  "src/deferred/chain.ts:SevenOrMore",
  "src/deferred/let-flow.ts:Bound",
  "src/deferred/let-flow.ts:RealizedRecord",
  "src/deferred/recover.ts:Catch",
  "src/errors/index.ts:RingErrorOptions",
  "src/express/with-express-ws.ts:ExpressWsInstance",
  "src/express/with-websockets.ts:ListeningApp",
  "src/http/client/cancellation.ts:Cancellation",
  "src/http/client/types.ts:Bodies",
  "src/http/websocket/errors.ts:HandshakeAnswer",
  "src/mock/multipart.ts:WithMultipart",
  "src/mock/request.ts:WithBody",
  "src/mock/request.ts:WithHeaders",
  "src/ring/compression.ts:CompressibleRequest",
  "src/ring/exchange-symbol.ts:RawExchange",
  "src/ring/headers.ts:WithHeaders",
  "src/ring/request.ts:Has",
  "src/ring/router/params.ts:Flat",
  "src/ring/router/params.ts:Found",
  "src/ring/router/router.ts:METHODS",
  "src/ring/router/router.ts:PatternOf",
  "src/ring/secrets.ts:Secret",
  "src/sse/log/redis-link.ts:Listener",
  "src/stream/core-source.ts:CoreSource",
  "src/stream/protocol.ts:CoreSink",
  "src/stream/windows.ts:Describe",
];

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "express-ring",
  entryPoints,
  tsconfig: "tsconfig.build.json",
  out: "docs/api",
  // The README and the guides lead to each other by headings that typedoc names otherwise than GitHub does.
  readme: "none",
  excludeInternal: true,
  excludePrivate: true,
  treatWarningsAsErrors: true,
  requiredToBeDocumented: ["Enum", "Variable", "Function", "Class", "Interface", "TypeAlias"],
  intentionallyNotDocumented: NOT_DOCUMENTED,
  intentionallyNotExported: NOT_EXPORTED,

  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
};
