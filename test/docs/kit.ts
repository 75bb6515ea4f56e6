/** What the hidden checks of documents use: clients for the apps that the documents make. */
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Makes an app listen. @returns its URL; the server is closed when the snippet is through. */
export async function listen(app: RequestListener): Promise<string> {
  const server = createServer(app).listen(0);
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Asks an app for the whole answer; redirects are not followed. */
export async function ask(app: RequestListener, path: string, options: RequestInit = {}): Promise<Answer> {
  const response = await fetch(`${await listen(app)}${path}`, { redirect: "manual", ...options });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Reads the body of a GET until this text has come, then goes away. */
export async function readUntil(app: RequestListener, path: string, text: string): Promise<string> {
  const controller = new AbortController();
  const response = await fetch(`${await listen(app)}${path}`, { signal: controller.signal });
  const decoder = new TextDecoder();
  let seen = "";
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    seen += decoder.decode(chunk, { stream: true });
    if (seen.includes(text)) break;
  }
  controller.abort();
  return seen;
}
