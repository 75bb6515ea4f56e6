/** What the hidden checks of documents use: clients for the apps that the documents make. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket } from "ws";

export { default as express4 } from "express-4";

type App = RequestListener | (RequestListener & { listen(port: number): Server });

/** Makes an app listen. @returns host and port; the server is closed when the snippet is through. */
async function listen(app: App): Promise<string> {
  const server = "listen" in app ? app.listen(0) : createServer(app).listen(0);
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Asks an app for the whole answer; redirects are not followed. */
export async function ask(app: App, path: string, options: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`http://${await listen(app)}${path}`, { redirect: "manual", ...options });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Reads the body of a GET until this text has come, then goes away. */
export async function readUntil(
  app: App,
  path: string,
  text: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const controller = new AbortController();
  const response = await fetch(`http://${await listen(app)}${path}`, { signal: controller.signal, headers });
  const decoder = new TextDecoder();
  let seen = "";
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    seen += decoder.decode(chunk, { stream: true });
    if (seen.includes(text)) break;
  }
  controller.abort();
  return seen;
}

export interface Conversation {
  readonly received: readonly string[];
  /** The code that the websocket was closed with. */
  readonly code?: number;
  /** The HTTP status, if there was no handshake. */
  readonly status?: number;
}

/** Sends messages over a websocket, waits for as many replies (or for the end), and leaves. */
export async function converse(
  app: App,
  path: string,
  messages: readonly string[],
  options: { readonly replies?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Conversation> {
  const { replies = messages.length, headers = {} } = options;
  const socket = new WebSocket(`ws://${await listen(app)}${path}`, { headers });
  const received: string[] = [];
  socket.on("message", (data) => {
    received.push((data as Buffer).toString());
    if (received.length === replies) socket.close();
  });
  const refused = once(socket, "unexpected-response").then(([request, response]) => {
    (response as IncomingMessage).resume();
    (request as { destroy(): void }).destroy();
    return { received, status: (response as IncomingMessage).statusCode ?? 0 };
  });
  const opened = once(socket, "open").then(async () => {
    for (const message of messages) socket.send(message);
    const [code] = (await once(socket, "close")) as [number];
    return { received, code };
  });
  return Promise.race([refused, opened]);
}
