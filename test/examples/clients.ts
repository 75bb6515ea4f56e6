/** Who talks to the examples: readers of chunks, clients of websockets, a browser of sorts. */
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Program } from "../checkout.js";

/** Talks to an example as its first lines say. */
export type Talk = (url: string, program: Program) => Promise<void>;

/** Reads the text of a response chunk by chunk. */
export const chunksOf = (response: Response) =>
  (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();

export async function echo(url: string, messages: readonly (string | Buffer)[]): Promise<unknown[]> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const received: unknown[] = [];
  for (const message of messages) {
    socket.send(message);
    const [data, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
    received.push(isBinary ? data : data.toString());
  }
  socket.close();
  await once(socket, "close");
  return received;
}

/** A browser: it keeps cookies, and sends the token of the last page with each form. */
export class Visitor {
  readonly #url: string;
  readonly #cookies = new Map<string, string>();
  #token = "";

  constructor(url: string) {
    this.#url = url;
  }

  async page(): Promise<string> {
    const text = await (await this.#fetch("/", {})).text();
    this.#token = /name="__anti-forgery-token" type="hidden" value="([^"]+)"/.exec(text)?.[1] ?? "";
    return text;
  }

  post(path: string, body: URLSearchParams | FormData): Promise<Response> {
    body.set("__anti-forgery-token", this.#token);
    return this.#fetch(path, { method: "POST", body });
  }

  /** What a form of another site makes it send: the cookies, but no token. */
  forge(path: string): Promise<Response> {
    return this.#fetch(path, { method: "POST" });
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(new URL(path, this.#url), { ...init, headers: { cookie }, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return response;
  }
}
