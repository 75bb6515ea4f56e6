import { type Channel, channel } from "node:diagnostics_channel";
import type { DiagnosticsEvents } from "./events.js";

/** The channel of a name, which a misspelling would not have. */
export function channelOf(name: keyof DiagnosticsEvents): Channel {
  return channel(name);
}

/**
 * Listens to a channel, with types: what `subscribe` of `node:diagnostics_channel` does, which may be used as well.
 *
 * The listener is called in the middle of what it is told of: it should be quick. What it throws is an uncaught exception of
 * the process, as Node has it; nobody's request fails over it.
 *
 * @returns a function that stops it
 * @example
 * const unsubscribe = subscribe("express-ring:request:end", ({ request, status, duration }) => {
 *   metrics.increment("requests", { method: request.requestMethod, status, duration });
 * });
 * unsubscribe();
 * @see Source: none; Node's diagnostics_channel.
 */
export function subscribe<Name extends keyof DiagnosticsEvents>(
  name: Name,
  listener: (event: DiagnosticsEvents[Name]) => void,
): () => void {
  const heard = (event: unknown): void => listener(event as DiagnosticsEvents[Name]);
  const source = channel(name);
  source.subscribe(heard);
  return () => {
    source.unsubscribe(heard);
  };
}
