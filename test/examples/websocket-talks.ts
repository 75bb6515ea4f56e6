/** What the examples over websockets say. */
import { once } from "node:events";
import { expect } from "@jest/globals";
import { WebSocket } from "ws";
import { echo, type Talk } from "./clients.js";

/** Two in a room, each at an address of its own. */
export async function talkChat(here: string, there: string): Promise<void> {
  const ada = new WebSocket(here);
  const heard: Record<string, unknown>[] = [];
  const hears = async (says: string) => {
    for (;;) {
      const found = heard.find((saying) => saying["says"] === says);
      if (found !== undefined) return found;
      await once(ada, "message");
    }
  };
  ada.on("message", (data) => heard.push(JSON.parse(String(data as Buffer)) as Record<string, unknown>));
  expect(await hears("hello")).toEqual({ who: "Ada", says: "hello", present: 1 });
  // Whoever is there first may hear the other one first.
  const bob = new WebSocket(there.replace("Ada", "Bob"));
  await once(bob, "open");
  // Processes tell each other of their members a moment later.
  for (let n = 1; heard.at(-1)?.["present"] !== 2; n++) {
    bob.send(`hi ${n}`);
    expect(await hears(`hi ${n}`)).toMatchObject({ who: "Bob" });
  }
  bob.close();
  expect(await hears("goodbye")).toMatchObject({ who: "Bob" });
  ada.close();
  await once(ada, "close");
}

export const websocketTalks: Readonly<Record<string, Talk>> = {
  "chat.ts": async (url) => {
    await talkChat(url, url);
  },

  "websocket-echo.ts": async (url) => {
    const messages = ["hello", Buffer.of(0, 1, 255)];
    expect(await echo(url, messages)).toEqual(messages);
    await expect(echo(url.replace("open", "wrong"), messages)).rejects.toThrow("401");
  },

  "websocket-client.ts": async (url, program) => {
    await program.prints(/echo: hello\necho: number 0\n/);
    const pause = /disconnected: 1012 restarting, 0 messages lost\nagain in \d+ ms, after 1 failures\necho: hello\n/;
    await program.prints(pause);
    const [text] = [await program.prints(/[^]*after 1 failures\necho: hello\n(?:echo: number \d+\n){5}/)];
    const numbers = [...text.matchAll(/number (\d+)/g)].map(([, number]) => Number(number));
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    // It is an ordinary server, too.
    expect(await echo(url, ["somebody else"])).toEqual(["somebody else"]);
  },

  "express-ws-echo.ts": async (url) => {
    const messages = ["hello", Buffer.of(0, 1, 255)];
    expect(await echo(url, messages)).toEqual(messages);
  },

  "websocket-handlers.ts": async (url, program) => {
    const messages = ["hello", Buffer.of(0, 1, 255)];
    for (const path of ["await", "chain", "let-flow"]) {
      expect(await echo(url.replace("await", path), messages)).toEqual(messages);
      const plain = await fetch(url.replace("ws:", "http:").replace("await", path));
      expect([path, plain.status, await plain.text()]).toEqual([path, 400, "expected websocket request"]);
    }
    await program.prints(/somebody talks to itself/);
  },

  "websocket-listener.ts": async (url, program) => {
    const socket = new WebSocket(url, ["other", "counting"]);
    const [greeting] = (await once(socket, "message")) as [Buffer];
    expect([socket.protocol, String(greeting)]).toEqual(["counting", "I count what you send."]);
    for (const [message, answer] of [["abc", "1: 3 characters"] as const, [Buffer.of(1, 2), "2: 2 bytes"] as const]) {
      socket.send(message);
      expect(String(((await once(socket, "message")) as [Buffer])[0])).toBe(answer);
    }
    socket.close(1000, "enough");
    await program.prints(/closed after 2 messages: 1000 enough/);
    expect((await fetch(url.replace("ws:", "http:"))).status).toBe(426);
  },

  "websocket-chat.ts": async (url, program) => {
    await program.prints(/^Ada hears Bob: hello\nAda hears Ada: how is the tea\?\nBob hears Ada: how is the tea\?\n/m);
    await program.prints(/^Ada hears Bob: hot\nBob hears Bob: hot\n/m);
    expect(await echo(url, [])).toEqual([]);
  },
};
