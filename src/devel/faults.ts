/** What was thrown, with all that led to it. */

import { showValue } from "./secrets.js";
import { type Frame, framesOf } from "./stack.js";

/** A thrown value as it is shown. */
export interface Fault {
  /** What it is to the one before: empty, "caused by", "one of several". */
  readonly relation: string;
  readonly name: string;
  readonly message: string;
  /** Codes and statuses, where it has some. */
  readonly marks: readonly string[];
  readonly frames: readonly Frame[];
  /** The stack as it was written; undefined for what is no error. */
  readonly stack: string | undefined;
}

/** Faults that are shown; causes may go round in a circle. */
const MAX_FAULTS = 12;

const MARKS = ["code", "status", "errno", "syscall"] as const;

interface ErrorLike extends Partial<Record<(typeof MARKS)[number], unknown>> {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** An error, whatever realm it comes from. */
const isError = (thrown: unknown): thrown is ErrorLike =>
  typeof thrown === "object" && thrown !== null && "message" in thrown && "stack" in thrown;

// Anybody may have written anything there.
const textOf = (value: unknown): string => (typeof value === "string" ? value : showValue("", value));

function faultOf(thrown: unknown, relation: string): Fault {
  if (!isError(thrown)) {
    return { relation, name: "Thrown", message: showValue("", thrown), marks: [], frames: [], stack: undefined };
  }
  const marks = MARKS.flatMap((key) => {
    const value = thrown[key];
    return typeof value === "string" || typeof value === "number" ? [`${key} ${value}`] : [];
  });
  return {
    relation,
    name: textOf(thrown.name),
    message: textOf(thrown.message),
    marks,
    frames: framesOf(thrown),
    stack: typeof thrown.stack === "string" ? thrown.stack : undefined,
  };
}

/** What was thrown, then its causes and, of an AggregateError, its errors, depth first. */
export function faultsOf(thrown: unknown): readonly Fault[] {
  const faults: Fault[] = [];
  const seen = new Set<unknown>();
  const add = (found: unknown, relation: string): void => {
    if (seen.has(found) || faults.length === MAX_FAULTS) return;
    seen.add(found);
    faults.push(faultOf(found, relation));
    if (!isError(found)) return;
    if (found.cause !== undefined && found.cause !== null) add(found.cause, "Caused by");
    if (Array.isArray(found.errors)) for (const error of found.errors as unknown[]) add(error, "One of several");
  };
  add(thrown, "");
  return faults;
}

/** Faults as text: their stacks, one below the other. */
export function faultsText(thrown: unknown): string {
  const texts = faultsOf(thrown).map(({ relation, name, message, stack }) => {
    const text = stack ?? `${name}: ${message}`;
    return relation === "" ? text : `${relation}: ${text}`;
  });
  return `${texts.join("\n")}\n`;
}
