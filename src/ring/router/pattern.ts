/** Patterns of paths, in Express 5's own syntax: what they match, and what of a path they name. */

import { type Key, parse, pathToRegexp, type Token } from "path-to-regexp";
import { InvalidArgumentError, RingError } from "../../errors/index.js";

/** What a route's pattern has found in a path; without a prototype, like all maps made of what clients send. */
export type FoundParams = Readonly<Record<string, string | readonly string[]>>;

const NOTHING: FoundParams = Object.freeze(Object.create(null) as FoundParams);

/** A parameter in the path is not properly percent-encoded. Code `RING_MALFORMED_PARAMETER`, status 400. */
export class MalformedParameterError extends RingError {
  constructor(name: string, cause: unknown) {
    super(
      "RING_MALFORMED_PARAMETER",
      `the path's parameter ${JSON.stringify(name)} is not properly encoded; send it percent-encoded, in UTF-8`,
      { status: 400, cause },
    );
  }
}

export interface PatternOptions {
  readonly caseSensitive: boolean;
  readonly strict: boolean;
  /** Is what matches the beginning of a path, up to a slash, or the whole path? */
  readonly isPrefix: boolean;
}

/** A part of a path between slashes, as a pattern without its optional groups has it. */
export type Segment =
  /** This text, in lower case unless case counts. */
  | { readonly kind: "text"; readonly text: string }
  /** Something without a slash. */
  | { readonly kind: "any" }
  /** This segment and all after it. */
  | { readonly kind: "rest" };

/** A pattern, made ready. */
export class Pattern {
  readonly #regexp: RegExp;
  readonly #keys: readonly Key[];
  /** The ways in which it can be read, one for each choice of its optional groups. */
  readonly alternatives: readonly (readonly Segment[])[];

  /** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, if it is no pattern. */
  constructor(text: string, { caseSensitive, strict, isPrefix }: PatternOptions) {
    try {
      const isExact = strict && !isPrefix;
      const data = parse(isExact || (text === "/" && !isPrefix) ? text : withoutSlash(text), { encodePath });
      const { regexp, keys } = pathToRegexp(data, {
        sensitive: caseSensitive,
        end: !isPrefix,
        trailing: !isPrefix && !strict,
      });
      this.#regexp = regexp;
      this.#keys = keys;
      // Only now: it is known by now that there are not too many.
      this.alternatives = readings(data.tokens).map((tokens) => segmentsOf(tokens, caseSensitive));
    } catch (cause) {
      const { message } = cause as Error;
      throw new InvalidArgumentError(`router: ${JSON.stringify(text)} is no pattern: ${message}`, { cause });
    }
  }

  /** The paths that it matches, if these are but one, give or take a slash at its end; undefined if they are more. */
  get onlyPath(): string | undefined {
    const [only, ...others] = this.alternatives;
    if (only === undefined || others.length > 0) return undefined;
    const texts: string[] = [];
    for (const segment of only) {
      if (segment.kind !== "text") return undefined;
      texts.push(segment.text);
    }
    return `/${texts.join("/")}`;
  }

  /** Does it match? What it names is read with {@link paramsOf}. */
  exec(path: string): RegExpExecArray | null {
    return this.#regexp.exec(path);
  }

  /** @throws {MalformedParameterError} code `RING_MALFORMED_PARAMETER`, status 400. */
  paramsOf(match: readonly (string | undefined)[], outer: FoundParams | undefined): FoundParams {
    if (match.length === 1 && outer === undefined) return NOTHING;
    const params: Record<string, string | readonly string[]> = Object.create(null);
    if (outer !== undefined) Object.assign(params, outer);
    for (let i = 1; i < match.length; i++) {
      const value = match[i];
      if (value === undefined) continue;
      const { name, type } = this.#keys[i - 1] as Key;
      params[name] = type === "param" ? decode(name, value) : value.split("/").map((part) => decode(name, part));
    }
    return params;
  }
}

function withoutSlash(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === 47) end--;
  return text.slice(0, end);
}

/** Text of a pattern as it stands in paths that clients send. */
function encodePath(text: string): string {
  return text.replace(/[^\x21-\x7e]+/g, encodeURIComponent);
}

function decode(name: string, value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new MalformedParameterError(name, cause);
  }
}

/** All ways to take or leave the optional groups of a pattern. */
function readings(tokens: readonly Token[]): Token[][] {
  let all: Token[][] = [[]];
  for (const token of tokens) {
    if (token.type !== "group") for (const reading of all) reading.push(token);
    else all = all.flatMap((reading) => [...readings(token.tokens).map((inner) => [...reading, ...inner]), reading]);
  }
  return all;
}

function segmentsOf(tokens: readonly Token[], caseSensitive: boolean): Segment[] {
  const segments: Segment[] = [];
  let text = "";
  let isText = true;
  const end = (): void => {
    if (isText) segments.push({ kind: "text", text: caseSensitive ? text : foldCase(text) });
    else segments.push({ kind: "any" });
    text = "";
    isText = true;
  };
  for (const token of tokens) {
    if (token.type === "wildcard") return [...segments.slice(1), { kind: "rest" }];
    if (token.type !== "text") {
      isText = false;
      continue;
    }
    const [first = "", ...others] = token.value.split("/");
    text += first;
    for (const other of others) {
      end();
      text = other;
    }
  }
  end();
  // What stands before the first slash is nothing.
  return segments.slice(1);
}

/** A path in lower case, as regular expressions without case see it: only the letters of ASCII have two. */
export function foldCase(path: string): string {
  return /[A-Z]/.test(path) ? path.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : path;
}
