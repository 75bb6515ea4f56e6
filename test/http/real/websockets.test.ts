/** Websockets with ends that others wrote: Python's websockets and wsproto, `ws` 7 and 8, undici. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import express from "express";
import { WebSocket as Undici } from "undici";
import { WebSocket as Ws8, WebSocketServer as Ws8Server } from "ws";
import * as http from "../../../src/http/index.js";
import {
  type WebsocketClosing,
  type WebsocketDuplex,
  type WebsocketOptions,
  websocketClose,
  websocketPing,
  websocketRoute,
  withWebsockets,
} from "../../../src/index.js";
import { connect, put, take } from "../../../src/stream/index.js";
import { describeWith, pythonWith } from "../../needs.js";
import { afterThisTest, listen } from "../servers.js";
import { start } from "./servers.js";

// It has no types, and is no module.
const Ws7 = createRequire(import.meta.url)("ws-7") as typeof Ws8 & { readonly Server: typeof Ws8Server };

const LARGE = "0123456789".repeat(50_000);

interface Serving {
  readonly url: string;
  /** How the first websocket ended. */
  readonly closing: Promise<WebsocketClosing>;
}

/** A server of the kit that echoes. */
async function serving(options: WebsocketOptions = {}): Promise<Serving> {
  let tell: (closing: WebsocketClosing) => void = () => {};
  const closing = new Promise<WebsocketClosing>((resolve) => {
    tell = resolve;
  });
  const app = withWebsockets(express());
  const echo = (duplex: WebsocketDuplex): void => {
    duplex.closed.onRealized(tell, () => {});
    connect(duplex, duplex);
  };
  app.get("/echo", websocketRoute(echo, { subProtocols: ["chat"], ...options }));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterThisTest(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/echo`, closing };
}

/** What a client of the kit sees of a server that echoes. */
async function talk(url: string, options: http.WebsocketClientOptions = {}): Promise<unknown> {
  const duplex = await http.websocketClient(url, { subProtocols: ["chat"], ...options });
  const answers: unknown[] = [];
  for (const message of ["grüße", Buffer.from([0, 255, 1]), "", LARGE]) {
    await put(duplex, message);
    answers.push(await take(duplex));
  }
  const pong = await websocketPing(duplex, undefined, "are you there?");
  await websocketClose(duplex, 4002, "bye");
  return { protocol: duplex.protocol, answers, pong, closing: await duplex.closed };
}

const heard = {
  protocol: "chat",
  answers: ["grüße", Buffer.from([0, 255, 1]), "", LARGE],
  pong: true,
  closing: { code: 4002, reason: "bye", wasClean: true },
};

/** Runs a program of Python. @returns what it printed, as JSON */
async function run(python: string, program: string, ...args: readonly string[]): Promise<unknown> {
  const child = spawn(python, ["-c", program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (errors += text));
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`Python ended with ${code}: ${errors}`);
  return JSON.parse(output) as unknown;
}

/** Starts a server of Python, until the test is over. */
async function server(python: string, program: string, ...args: readonly string[]): Promise<string> {
  const { port, stop } = await start(python, ([port]) => ["-c", program, String(port), ...args]);
  afterThisTest(stop);
  return `ws://127.0.0.1:${port}/`;
}

const WEBSOCKETS_CLIENT = `
import asyncio, json, sys, websockets
async def main(url, compression):
    options = dict(subprotocols=["talk", "chat"], compression=compression, max_size=None)
    async with websockets.connect(url, **options) as ws:
        large = "0123456789" * 50000
        answers = []
        for message in ["grüße", b"\\x00\\xff\\x01", "", ["in ", "three ", "fragments"], large]:
            await ws.send(message)
            answer = await ws.recv()
            answers.append(list(answer) if isinstance(answer, bytes) else answer if len(answer) < 99 else answer == large)
        await asyncio.wait_for(await ws.ping(b"x"), 5)
        extensions = [extension.name for extension in ws.extensions]
        await ws.close(4002, "bye")
        print(json.dumps([ws.subprotocol, extensions, answers, ws.close_code]))
asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
`;

const WEBSOCKETS_SERVER = `
import asyncio, sys, websockets
async def echo(ws, path=None):
    async for message in ws:
        await ws.send([message[:3], message[3:]] if len(message) > 100000 else message)
async def main(port, compression):
    async with websockets.serve(echo, "127.0.0.1", port, subprotocols=["chat"], compression=compression, max_size=None):
        await asyncio.Future()
asyncio.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
`;

/** The part that both ends of wsproto share: it has no connection of its own. */
const WSPROTO = `
import json, socket, sys
from wsproto import ConnectionType, WSConnection
from wsproto.events import *
from wsproto.extensions import PerMessageDeflate
class End:
    def __init__(self, sock, kind):
        self.sock, self.ws, self.events = sock, WSConnection(kind), []
    def send(self, event):
        self.sock.sendall(self.ws.send(event))
    def next(self):
        while True:
            for event in self.ws.events():
                self.events.append(event)
            if self.events:
                return self.events.pop(0)
            data = self.sock.recv(4096)
            if not data:
                raise EOFError()
            self.ws.receive_data(data)
    def message(self):
        parts = []
        while True:
            event = self.next()
            if isinstance(event, Ping):
                self.send(event.response())
            elif isinstance(event, Message):
                parts.append(event.data)
                if event.message_finished:
                    return (b"" if isinstance(event.data, (bytes, bytearray)) else "").join(parts)
            else:
                return event
def converse(end):
    answers = []
    end.send(Message(data="in ", message_finished=False))
    end.send(Ping(payload=b"between"))
    end.send(Message(data="fragments"))
    pong = end.next()
    answers.append(end.message())
    end.send(Message(data=bytes([0, 255])))
    answers.append(list(end.message()))
    large = "0123456789" * 50000
    end.send(Message(data=large))
    answers.append(end.message() == large)
    end.send(CloseConnection(code=4002, reason="bye"))
    return pong, answers, end.next()
`;

const WSPROTO_CLIENT = `${WSPROTO}
port = int(sys.argv[1])
extensions = [PerMessageDeflate()] if len(sys.argv) > 2 else []
end = End(socket.create_connection(("127.0.0.1", port)), ConnectionType.CLIENT)
end.send(Request(host="localhost", target="/echo", subprotocols=["chat"], extensions=extensions))
accepted = end.next()
pong, answers, closing = converse(end)
names = [extension.name for extension in accepted.extensions if extension.enabled()]
print(json.dumps([accepted.subprotocol, names, bytes(pong.payload).decode(), answers, closing.code]))
`;

const WSPROTO_SERVER = `${WSPROTO}
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    sock, _ = listening.accept()
    try:
        end = End(sock, ConnectionType.SERVER)
        request = end.next()
        extensions = [PerMessageDeflate()] if len(sys.argv) > 2 else []
        end.send(AcceptConnection(subprotocol="chat", extensions=extensions))
        end.send(Ping(payload=b"x"))
        while True:
            message = end.message()
            if isinstance(message, Pong):
                continue
            if isinstance(message, CloseConnection):
                end.send(message.response())
                break
            end.send(Message(data=message))
    except Exception as error:
        pass
    sock.close()
`;

/** Frames of wsproto over a stream of h2, which looks like a socket to it. */
const H2_CLIENT = `${WSPROTO}
import h2.config, h2.connection, h2.events
from h2.settings import SettingCodes
from wsproto.connection import Connection
class Stream:
    def __init__(self, sock, headers):
        self.sock, self.data, self.answer, self.ended = sock, bytearray(), None, False
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.flush()
        while not self.h2.remote_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL):
            self.pump()
        self.h2.send_headers(1, headers)
        self.flush()
        while self.answer is None:
            self.pump()
    def flush(self):
        self.sock.sendall(self.h2.data_to_send())
    def pump(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError()
        for event in self.h2.receive_data(data):
            if isinstance(event, h2.events.ResponseReceived):
                self.answer = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.data += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
                self.ended = type(event).__name__
        self.flush()
    def recv(self, size):
        while not self.data and not self.ended:
            self.pump()
        data = bytes(self.data)
        self.data.clear()
        return data
    def sendall(self, data):
        while data:
            size = min(self.h2.local_flow_control_window(1), self.h2.max_outbound_frame_size)
            if size == 0:
                self.pump()
            else:
                self.h2.send_data(1, data[:size])
                data = data[size:]
                self.flush()
port = int(sys.argv[1])
extensions = [PerMessageDeflate()] if len(sys.argv) > 2 else []
headers = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":path", "/echo"), (":authority", "localhost"),
    ("sec-websocket-version", "13"), ("sec-websocket-protocol", "talk, chat")]
for extension in extensions:
    headers.append(("sec-websocket-extensions", "permessage-deflate; " + extension.offer()))
stream = Stream(socket.create_connection(("127.0.0.1", port)), headers)
for extension in extensions:
    extension.finalize(stream.answer["sec-websocket-extensions"])
end = End(stream, ConnectionType.CLIENT)
end.ws = Connection(ConnectionType.CLIENT, extensions)
pong, answers, closing = converse(end)
stream.h2.end_stream(1)
stream.flush()
while not stream.ended:
    stream.pump()
print(json.dumps([stream.answer[":status"], stream.answer["sec-websocket-protocol"], bytes(pong.payload).decode(), answers, closing.code, stream.ended]))
`;

describeWith("python3-h2 and python3-wsproto", pythonWith("h2", "wsproto"), "Python's h2 with wsproto", (python) => {
  it.each([false, true])("speaks with a server of the kit over HTTP/2; compressed: %p", async (compression) => {
    let tell: (closing: WebsocketClosing) => void = () => {};
    const closing = new Promise<WebsocketClosing>((resolve) => {
      tell = resolve;
    });
    const server = await http.startServer(
      async (request) => {
        const duplex = await http.websocketConnection(request, { subProtocols: ["chat"], compression });
        duplex.closed.onRealized(tell, () => {});
        connect(duplex, duplex);
        return null;
      },
      { port: 0, httpVersions: ["http2"], useH2c: true, shutdownTimeout: 0 },
    );
    afterThisTest(() => server.close());
    const args = [String(server.port), ...(compression ? ["deflate"] : [])];
    const expected = ["200", "chat", "between", ["in fragments", [0, 255], true], 4002, "StreamEnded"];
    expect(await run(python, H2_CLIENT, ...args)).toEqual(expected);
    expect(await closing).toEqual({ code: 4002, reason: "bye", wasClean: true });
  });
});

describeWith("python3-websockets", pythonWith("websockets"), "Python's websockets", (python) => {
  it.each([
    [false, []],
    [true, ["permessage-deflate"]],
  ])("speaks with a server of the kit; compressed: %p", async (compression, extensions) => {
    const { url, closing } = await serving({ compression });
    const answers = ["grüße", [0, 255, 1], "", "in three fragments", true];
    const expected = ["chat", extensions, answers, 4002];
    expect(await run(python, WEBSOCKETS_CLIENT, url, ...(compression ? ["deflate"] : []))).toEqual(expected);
    expect(await closing).toEqual({ code: 4002, reason: "bye", wasClean: true });
  });

  it.each([false, true])("answers a client of the kit; compressed: %p", async (compression) => {
    const url = await server(python, WEBSOCKETS_SERVER, ...(compression ? ["deflate"] : []));
    expect(await talk(url, { compression })).toEqual(heard);
  });
});

describeWith("python3-wsproto", pythonWith("wsproto"), "Python's wsproto", (python) => {
  it.each([
    [false, []],
    [true, ["permessage-deflate"]],
  ])("speaks with a server of the kit; compressed: %p", async (compression, extensions) => {
    const { url, closing } = await serving({ compression });
    const { port } = new URL(url);
    const expected = ["chat", extensions, "between", ["in fragments", [0, 255], true], 4002];
    expect(await run(python, WSPROTO_CLIENT, port, ...(compression ? ["deflate"] : []))).toEqual(expected);
    expect(await closing).toEqual({ code: 4002, reason: "bye", wasClean: true });
  });

  it.each([false, true])("answers a client of the kit; compressed: %p", async (compression) => {
    const url = await server(python, WSPROTO_SERVER, ...(compression ? ["deflate"] : []));
    expect(await talk(url, { compression })).toEqual(heard);
  });
});

interface Peer {
  readonly protocol: string;
  binaryType: string;
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
  addEventListener(event: string, f: (event: { data: unknown; code: number; reason: string }) => void): void;
}

describe.each<[string, (url: string, protocols: string[]) => Peer]>([
  ["ws 8", (url, protocols) => new Ws8(url, protocols) as unknown as Peer],
  ["ws 7", (url, protocols) => new Ws7(url, protocols) as unknown as Peer],
  ["undici", (url, protocols) => new Undici(url, protocols) as unknown as Peer],
])("the websocket of %s", (_name, make) => {
  it.each([false, true])("speaks with a server of the kit; compressed: %p", async (compression) => {
    const { url, closing } = await serving({ compression });
    const peer = make(url, ["talk", "chat"]);
    peer.binaryType = "arraybuffer";
    const messages = ["grüße", Buffer.from([0, 255, 1]), "", LARGE];
    const answers: unknown[] = [];
    const ended = new Promise((resolve) => {
      peer.addEventListener("open", () => peer.send(messages[0] as string));
      peer.addEventListener("message", ({ data }) => {
        answers.push(typeof data === "string" ? data : Buffer.from(data as ArrayBuffer));
        const message = messages[answers.length];
        if (message === undefined) peer.close(4002, "bye");
        else peer.send(message);
      });
      peer.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    expect(await ended).toEqual({ code: 4002, reason: "bye" });
    expect(peer.protocol).toBe("chat");
    expect(answers).toEqual(messages);
    expect(await closing).toEqual({ code: 4002, reason: "bye", wasClean: true });
  });
});

describe.each([
  ["ws 8", Ws8Server],
  ["ws 7", Ws7.Server],
])("a server of %s", (name, Server) => {
  it.each([false, true])("answers a client of the kit; compressed: %p", async (compression) => {
    const node = createServer();
    const wss = new Server({ server: node, perMessageDeflate: compression });
    wss.on("connection", (ws) =>
      ws.on("message", (data, isBinary) =>
        ws.send(data, { binary: name === "ws 7" ? typeof data !== "string" : isBinary }),
      ),
    );
    const { url } = await listen(node, "ws");
    expect(await talk(url, { compression })).toEqual(heard);
  });
});
