/** Cases that are small programs: what they do with listeners, sockets and bodies, and what came of it. */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import { readBytes } from "../../src/byte-streams/core.js";
import type { Clock } from "../../src/clock/index.js";
import { ring } from "../../src/express/index.js";
import type { RequestBody, RingResponse, WebsocketListener, WebsocketSocket } from "../../src/ring/types.js";
import { completeListener } from "../../src/websocket/listener.js";

type Call = readonly [name: string, ...args: unknown[]];
type AnyFunction = (...args: never[]) => unknown;

const noData = new Uint8Array(0);

/** A socket that notes what it is told to do; messages sent with callbacks fail if they are "fail". */
class ScriptedSocket implements WebsocketSocket {
  readonly calls: Call[] = [];

  isOpen(): boolean {
    this.calls.push(["isOpen"]);
    return true;
  }

  send(message: string | Uint8Array, succeed?: () => void, fail?: (error: unknown) => void): void {
    this.calls.push([succeed === undefined ? "send" : "sendAsync", message]);
    if (message === "fail") fail?.(new Error("send failed"));
    else succeed?.();
  }

  ping(data: Uint8Array = noData): void {
    this.calls.push(["ping", data]);
  }

  pong(data: Uint8Array = noData): void {
    this.calls.push(["pong", data]);
  }

  close(code?: number, reason?: string): void {
    this.calls.push(["close", code, reason]);
  }
}

/** A listener with these handlers, which note that they are called. */
function listenerOf(present: readonly string[], calls: Call[]): WebsocketListener {
  const noting = (name: string) => (_socket: WebsocketSocket, first?: unknown, second?: unknown) => {
    const shown = name === "onError" ? { error: (first as Error).message } : first;
    calls.push([name, shown, second].filter((part) => part !== undefined) as unknown as Call);
    return "handlerReturn";
  };
  return Object.fromEntries(present.map((name) => [name, noting(name)]));
}

/** Tells a listener what happens, and gives what it answers. */
function tell(listener: WebsocketListener, socket: WebsocketSocket, [name, first, second]: Call): unknown {
  const complete = completeListener(listener) as unknown as Record<string, (...args: unknown[]) => unknown>;
  return complete[name]?.(socket, name === "onError" ? new Error(String(first)) : first, second);
}

/** Every event in turn, with the handlers that are present. */
export function mapListener(present: readonly string[], events: readonly Call[]): unknown {
  const socket = new ScriptedSocket();
  const handlerCalls: Call[] = [];
  const listener = listenerOf(present, handlerCalls);
  const returns = events.map((event) => tell(listener, socket, event));
  return { returns, handlerCalls, socketCalls: socket.calls };
}

/** The functions over sockets; a second argument true means callbacks. */
export const socketHelpers =
  (helpers: (name: string) => AnyFunction | undefined) =>
  (calls: readonly Call[]): unknown => {
    const socket = new ScriptedSocket();
    const callbacks: Call[] = [];
    const returns = calls.map(([name, ...args]) => {
      const given =
        args[1] === true
          ? [
              args[0],
              () => void callbacks.push(["succeed"]),
              (error: Error) => void callbacks.push(["fail", error.message]),
            ]
          : args;
      return helpers(name)?.(...([socket, ...given] as never[]));
    });
    return { returns, socketCalls: socket.calls, callbacks };
  };

/** A websocket under the keepalive middleware, whose timer fires at each "tick". */
export const keepalive =
  (wrap: AnyFunction) =>
  (options: object, present: readonly string[], hasPing: boolean, events: readonly Call[]): unknown => {
    const timer: Call[] = [];
    const handlerCalls: Call[] = [];
    const socket = new ScriptedSocket();
    let tick = (): void => {};
    const clock: Clock = {
      now: () => 0,
      in: () => () => {},
      every: (delay, period, f) => {
        timer.push(["schedule", delay, period, "MILLISECONDS"]);
        tick = f;
        return () => void timer.push(["cancel", false]);
      },
    };
    const handlers = present.filter((name) => hasPing || name !== "onPing");
    const response = { websocketListener: listenerOf(handlers, handlerCalls), websocketProtocol: "p" };
    const wrapped = wrap(...([() => response, { ...options, clock }] as never[])) as (request: object) => RingResponse;
    const { websocketListener = {}, websocketProtocol } = wrapped({});
    for (const event of events) {
      if (event[0] === "tick") tick();
      else tell(websocketListener, socket, event);
    }
    return { timer, handlerCalls, socketCalls: socket.calls, protocol: websocketProtocol };
  };

/** Sends a response over the wire; `closed` says that the answer came to its end. */
export async function writeBodyToStream(response: RingResponse): Promise<unknown> {
  let failure: unknown;
  const app = express();
  app.use(ring(() => response));
  app.use(((error, _req, res, _next) => {
    failure = error;
    res.status(500).end();
  }) satisfies ErrorRequestHandler);
  const server = app.listen(0);
  try {
    await once(server, "listening");
    const answer = await fetch(`http://localhost:${(server.address() as AddressInfo).port}`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (failure !== undefined) throw failure;
    return { bytes, closed: true };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** A request with a multipart body, whose bytes are shown as Latin-1; its length depends on the boundary. */
export const mockMultipartBody =
  (multipartBody: AnyFunction) =>
  async (...args: never[]): Promise<unknown> => {
    const request = multipartBody(...args) as { headers: Record<string, string>; body: RequestBody };
    const { "content-length": length, ...headers } = request.headers;
    const bytes = await readBytes(request.body);
    if (Number(length) !== bytes.byteLength) throw new Error(`content-length is ${length}, not ${bytes.byteLength}`);
    const { contentLength: _, ...rest } = request as { contentLength?: number };
    return { ...rest, headers, body: { text: Buffer.from(bytes).toString("latin1") } };
  };
