/** What the tests of foreign streams share. */
import { setImmediate as turn } from "node:timers/promises";
import { setLogger } from "../../src/errors/index.js";
import { type Sourceable, toSource } from "../../src/stream/index.js";

/** Waits until whatever was set in motion has come to rest: some turns of the event loop, no time. */
export async function rest(): Promise<void> {
  for (let i = 0; i < 10; i++) await turn();
}

/** All messages of a source, once it is drained. */
export async function collect<T>(source: Sourceable<T>): Promise<T[]> {
  const messages: T[] = [];
  for await (const message of toSource(source)) messages.push(message);
  return messages;
}

/** What is logged while `body` runs, instead of being printed: the errors, or the sentences where there is none. */
export async function logged(body: () => unknown): Promise<unknown[]> {
  const entries: unknown[] = [];
  const before = setLogger((_level, error, message) => entries.push(error ?? message));
  try {
    await body();
  } finally {
    setLogger(before);
  }
  return entries;
}
