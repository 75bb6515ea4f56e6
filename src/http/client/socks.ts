/** The opening handshakes of SOCKS 4a and 5 (RFC 1928, RFC 1929). */

import { Buffer } from "node:buffer";
import { isIP, type Socket } from "node:net";
import type { Proxy } from "./proxy.js";
import type { Target } from "./target.js";

/** Without an argument it has worked. */
type Done = (why?: string, cause?: unknown) => void;

const REFUSALS = [
  "",
  "failed",
  "does not allow the connection",
  "cannot reach the network",
  "cannot reach the host",
  "was refused by the host",
  "gave up on the host",
  "does not know the command",
  "does not know the kind of address",
];

/** Asks a proxy for a connection; when it has worked, the socket is the target's, with nothing of it read. */
export function socksHandshake(socket: Socket, proxy: Proxy, target: Target, done: Done): void {
  const dialogue = proxy.protocol === "socks5" ? socks5(proxy, target) : socks4(proxy, target);
  let received = Buffer.alloc(0);
  let wanted = 0;

  const finish: Done = (why, cause) => {
    socket.off("data", onData).off("error", onError).off("close", onClose);
    socket.pause();
    done(why, cause);
  };
  const advance = (answer: Buffer): void => {
    try {
      const { value, done: isDone } = dialogue.next(answer);
      if (isDone === true) {
        if (received.length > 0) socket.unshift(received);
        finish();
        return;
      }
      if (value.send !== undefined) socket.write(value.send);
      wanted = value.read;
    } catch (refusal) {
      finish((refusal as Error).message);
    }
  };
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    while (wanted > 0 && received.length >= wanted) {
      const answer = received.subarray(0, wanted);
      received = received.subarray(wanted);
      wanted = 0;
      advance(answer);
    }
  };
  const onError = (error: Error): void => finish(`cannot be reached: ${error.message}`, error);
  const onClose = (): void => finish("closed the connection during the handshake");
  socket.on("data", onData).once("error", onError).once("close", onClose);
  socket.once("connect", () => advance(Buffer.alloc(0)));
}

/** What to send, and how many bytes of answer to wait for. */
interface Turn {
  readonly send?: Buffer;
  readonly read: number;
}

function* socks5(proxy: Proxy, target: Target): Generator<Turn, void, Buffer> {
  const { user, password = "" } = proxy;
  const hello = yield { send: Buffer.from(user === undefined ? [5, 1, 0] : [5, 2, 0, 2]), read: 2 };
  if (hello[0] !== 5) throw new Error("does not speak SOCKS 5");
  if (hello[1] === 2 && user !== undefined) {
    const send = Buffer.concat([Buffer.from([1]), counted(user), counted(password)]);
    const answer = yield { send, read: 2 };
    if (answer[1] !== 0) throw new Error("refused the user or the password");
  } else if (hello[1] !== 0) {
    throw new Error("asks for credentials that it was not given");
  }
  const port = Buffer.from([target.port >> 8, target.port & 255]);
  const answer = yield { send: Buffer.concat([Buffer.from([5, 1, 0]), addressOf(target), port]), read: 5 };
  if (answer[1] !== 0) throw new Error(REFUSALS[answer[1] ?? 1] ?? "failed");
  // The address it is bound to, of which one byte has come: of no use, but in the way.
  const rest = answer[3] === 1 ? 3 : answer[3] === 4 ? 15 : (answer[4] ?? 0);
  yield { read: rest + 2 };
}

function* socks4(proxy: Proxy, target: Target): Generator<Turn, void, Buffer> {
  const isAddress = isIP(target.hostname) === 4;
  // 0.0.0.1: the name follows, and the proxy resolves it (4a).
  const address = isAddress ? target.hostname.split(".").map(Number) : [0, 0, 0, 1];
  const send = Buffer.concat([
    Buffer.from([4, 1, target.port >> 8, target.port & 255, ...address]),
    Buffer.from(`${proxy.user ?? ""}\0${isAddress ? "" : `${target.hostname}\0`}`),
  ]);
  const answer = yield { send, read: 8 };
  if (answer[1] !== 90) throw new Error("refused the connection");
}

function addressOf({ hostname }: Target): Buffer {
  if (isIP(hostname) === 4) return Buffer.from([1, ...hostname.split(".").map(Number)]);
  const inside = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  return isIP(inside) === 6
    ? Buffer.concat([Buffer.from([4]), ipv6Bytes(inside)])
    : Buffer.concat([Buffer.from([3]), counted(hostname)]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const groupsOf = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const before = groupsOf(head);
  const after = groupsOf(tail ?? "");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: missing }, () => "0"), ...after];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) throw new Error("takes no more than 255 bytes for a name or a password");
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}
