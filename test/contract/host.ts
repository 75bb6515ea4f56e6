/** What the contract suites ask of a server that they are run against. */
import { it } from "@jest/globals";
import { setLogger } from "../../src/errors/index.js";
import type { Handler } from "../../src/ring/types.js";

export interface Host {
  readonly name: string;
  /** Starts a server on a free port of all addresses that gives every request to the handler. */
  start(handler: Handler): Promise<RunningHost>;
  /** The status of the answer to a request that the handler passes on. */
  readonly statusOfNull: number;
  /** @default "http" */
  readonly scheme?: "http" | "https";
  /** Is there a gateway between the client and it, so that the bytes on the wire are the gateway's? */
  readonly isHttp2?: boolean;
  /** What cannot be seen or said through this host, by its nature. */
  readonly lacks?: readonly Lack[];
}

/**
 * Header names as they were spelt and on lines of their own, and statuses beyond 599; the socket's own facts; HTTP/1.0; the
 * rest of a body that nobody reads; leaving while a response waits for its turn; what was written of a body that failed.
 */
export type Lack = "spelling" | "socket" | "HTTP/1.0" | "unread bodies" | "turns" | "failed bodies";

/** `it`, or nothing where the host lacks what the test is about. */
export function itUnless(host: Host, lack: Lack): typeof it {
  const nothing = Object.assign(() => {}, { each: () => () => {} }) as unknown as typeof it;
  return host.lacks?.includes(lack) === true ? nothing : it;
}

export interface RunningHost {
  readonly port: number;
  /** Where the server listens, if something stands between it and the client. @default the same */
  readonly serverPort?: number;
  /** What its error handler got, in order; it answers 500 or the error's status, text "failed". */
  readonly errors: unknown[];
  close(): Promise<void>;
}

export interface LogEntry {
  readonly level: string;
  readonly error: unknown;
  readonly message: string;
}

/** Runs `body` with a log in place of the console. */
export async function withLog(body: (log: LogEntry[]) => Promise<void>): Promise<void> {
  const log: LogEntry[] = [];
  const before = setLogger((level, error, message) => log.push({ level, error, message }));
  try {
    await body(log);
  } finally {
    setLogger(before);
  }
}

/** Leaves out what HTTP/2 has no place for, or the gateway in front of it. */
export function onHttp1<T>(host: Host, ...rows: readonly T[]): readonly T[] {
  return host.isHttp2 === true ? [] : rows;
}

/** Serves while `body` runs. */
export async function serving(
  host: Host,
  handler: Handler,
  body: (running: RunningHost) => Promise<void>,
): Promise<void> {
  const running = await host.start(handler);
  try {
    await body(running);
  } finally {
    await running.close();
  }
}
