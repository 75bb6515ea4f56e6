/** The frames of an error's stack, as V8 writes it. */

import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";

export interface Frame {
  /** Empty at the top of a module. */
  readonly called: string;
  /** The file, or what stands for one: `node:internal/...`, `<anonymous>`. */
  readonly place: string;
  /** Path of a file; undefined for other places. */
  readonly path: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** The package it belongs to, "Node" or "JavaScript" for what is built in; undefined for the application. */
  readonly library: string | undefined;
}

/** "at called (place)", or "at place". */
const FRAME = /^ {4}at (?:(.*) \((.*)\)|(.*))$/;
const POSITION = /^(.*?)(?::(\d+))?(?::(\d+))?$/;
const PACKAGE = /^.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/;

/** Frames that are read of one stack, and characters of the longest line that is taken for one. */
const MAX_FRAMES = 100;
const MAX_LENGTH = 2000;

const BUILT_IN: Readonly<Record<string, string>> = { "node:": "Node", "<anon": "JavaScript" };

function pathOf(place: string): string | undefined {
  if (!place.startsWith("file:")) return isAbsolute(place) ? place : undefined;
  try {
    return fileURLToPath(place);
  } catch {
    return undefined;
  }
}

function frameAt(called: string, position: string): Frame {
  const [, place = "", line, column] = POSITION.exec(position) ?? [];
  const path = pathOf(place);
  return {
    called,
    place: path ?? place,
    path,
    line: line === undefined ? undefined : Number(line),
    column: column === undefined ? undefined : Number(column),
    library: path === undefined ? BUILT_IN[place.slice(0, 5)] : PACKAGE.exec(path)?.[1],
  };
}

/**
 * The frames, innermost first; the place of a syntax error, which stands before the message, is the first.
 *
 * The message may come from a client, and look like frames: it is left out.
 */
export function framesOf(error: { readonly stack?: unknown; readonly message?: unknown }): Frame[] {
  if (typeof error.stack !== "string") return [];
  const message = typeof error.message === "string" ? error.message : "";
  const at = error.stack.indexOf(message);
  const head = error.stack.slice(0, Math.max(0, at));
  const frames: Frame[] = [];
  const [, faulty, line] = /^((?:file:|\/).*):(\d+)\n/.exec(head) ?? [];
  if (faulty !== undefined) frames.push(frameAt("", `${faulty}:${line}`));
  for (const text of error.stack.slice(at + message.length).split("\n")) {
    const [, called = "", inside, alone] = (text.length <= MAX_LENGTH && FRAME.exec(text)) || [];
    const position = inside ?? alone;
    if (position !== undefined) frames.push(frameAt(called, position));
    if (frames.length === MAX_FRAMES) break;
  }
  return frames;
}

/** The place of a frame as a reader wants it: below the working directory without that. */
export function placeOf({ place, path, line, column }: Frame): string {
  const near = path === undefined ? place : relative(process.cwd(), path);
  const short = near.startsWith("..") ? place : near;
  return [short, line, column].filter((part) => part !== undefined).join(":");
}
