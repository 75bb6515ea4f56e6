/** Where errors go that nobody can be handed: the one hook instead of a logging framework. */

export type LogLevel = "warn" | "error";

/** Receives what the kit would otherwise swallow: throws of listeners, of stream callbacks, of consumers. */
export type Logger = (level: LogLevel, error: unknown, message: string) => void;

const toConsole: Logger = (level, error, message) => {
  console[level](`express-ring: ${message}`, error ?? "");
};

let logger: Logger = toConsole;

/**
 * Sets where swallowed errors are reported; `null` goes back to the console. Returns the logger before.
 *
 * @example
 * const before = setLogger((level, error, message) => log[level]({ error }, message));
 */
export function setLogger(next: Logger | null): Logger {
  const before = logger;
  logger = next ?? toConsole;
  return before;
}

/** Reports an error that has no other way out; a logger that throws itself is ignored. */
export function logError(error: unknown, message: string, level: LogLevel = "error"): void {
  try {
    logger(level, error, message);
  } catch {
    // Nothing is left to tell it to.
  }
}
