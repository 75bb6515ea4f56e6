/** Every error of the kit: a class, a stable `code`, an HTTP status where one fits, and a sentence that says what to do. */

export interface RingErrorOptions {
  /** HTTP status that fits the error, for the error handlers of Express and of the server. */
  readonly status?: number | undefined;
  /** The error that led to this one. */
  readonly cause?: unknown;
}

/** The class all errors of the kit share; match on `code`, which never changes, not on the text. */
export class RingError extends Error {
  /** Stable name of the fault, `RING_...`. */
  readonly code: string;
  /** HTTP status that fits, if any. */
  declare readonly status?: number;

  constructor(code: string, message: string, options: RingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    if (options.status !== undefined) this.status = options.status;
  }

  /** Is `status` what another server has answered, and so nothing to tell one's own client? */
  get isOfPeer(): boolean {
    return false;
  }
}

/** An argument or an option is wrong; thrown in place, when the thing is built. Code `RING_INVALID_ARGUMENT`. */
export class InvalidArgumentError extends RingError {
  constructor(message: string, options?: RingErrorOptions) {
    super("RING_INVALID_ARGUMENT", message, options);
  }
}

/** A wait took longer than it was allowed to. Code `RING_TIMEOUT`; what waits for something special has its own code. */
export class TimeoutError extends RingError {
  constructor(
    milliseconds: number,
    code = "RING_TIMEOUT",
    message = `timed out after ${milliseconds} milliseconds`,
    options?: RingErrorOptions,
  ) {
    super(code, message, options);
  }
}

/** A value cannot become what was asked for. Code `RING_NOT_CONVERTIBLE`. */
export class NotConvertibleError extends RingError {
  constructor(value: unknown, target: string) {
    super("RING_NOT_CONVERTIBLE", `cannot convert ${describe(value)} to ${target}`);
  }
}

/** A deferred was realized with a claim token that is not, or no longer, the right one. Code `RING_INVALID_CLAIM`. */
export class InvalidClaimError extends RingError {
  constructor(message: string) {
    super("RING_INVALID_CLAIM", message);
  }
}

/** Names a value for an error message: its type, never its content. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "undefined":
      return "undefined";
    case "object":
    case "function": {
      const name = typeof value === "function" ? "function" : value.constructor?.name;
      return name === undefined || name === "Object"
        ? "an object"
        : /^[aeiou]/i.test(name)
          ? `an ${name}`
          : `a ${name}`;
    }
    default:
      return `a ${typeof value}`;
  }
}

export { type Logger, type LogLevel, logError, setLogger } from "./logger.js";
