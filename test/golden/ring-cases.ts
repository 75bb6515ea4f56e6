/** The recorded cases: their shapes, and what they have in common. `ring/NOTES.md` says what each key means. */

import { readdirSync, readFileSync } from "node:fs";

export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

export interface Thrown {
  readonly kind: string;
  readonly message?: string;
  readonly at?: "wrap";
  /** Nothing that Ring checks for: the JVM stumbled. */
  readonly accidental?: boolean;
}

/** One request, and what came of it. */
export interface Exchange {
  readonly request?: JsonMap | null;
  readonly handler?: {
    readonly response?: JsonMap | null;
    readonly throws?: string;
    readonly raises?: string;
    readonly sessionRecreate?: boolean;
  };
  readonly handlerSaw?: JsonMap | null;
  readonly handlerSawRemoved?: readonly string[];
  /** Paths inside the handler's `params` of the keys that became keywords. */
  readonly keywordKeys?: readonly Json[];
  readonly response?: JsonMap | null;
  readonly throws?: Thrown;
  readonly async?: { readonly response?: JsonMap | null; readonly raised?: Thrown; readonly throws?: Thrown };
  readonly store?: JsonMap;
  readonly storeCalls?: Json;
}

interface Common {
  readonly id: string;
  readonly jvmOnly?: boolean;
  readonly note?: string;
  readonly quirk?: string;
}

export interface MiddlewareCase extends Common, Exchange {
  readonly middleware: string | readonly string[];
  readonly options: JsonMap | readonly JsonMap[];
  readonly steps?: readonly Exchange[];
}

export interface FunctionCase extends Common {
  readonly fn: string;
  readonly args: readonly Json[];
  readonly result?: Json;
  readonly throws?: Thrown;
}

export type Case = MiddlewareCase | FunctionCase;

export const isFunctionCase = (it: Case): it is FunctionCase => "fn" in it;

/** Names from the innermost middleware to the outermost. */
export const wrapsOf = (it: MiddlewareCase): readonly string[] =>
  typeof it.middleware === "string" ? [it.middleware] : it.middleware;

export const optionsOf = (it: MiddlewareCase): readonly JsonMap[] =>
  Array.isArray(it.options) ? (it.options as readonly JsonMap[]) : [it.options as JsonMap];

export const exchangesOf = (it: MiddlewareCase): readonly Exchange[] => it.steps ?? [it];

/** Everything a case needs to be here: middleware or a function. */
export const namesOf = (it: Case): readonly string[] => (isFunctionCase(it) ? [it.fn] : wrapsOf(it));

const folder = new URL("ring/", import.meta.url);

/** The tables by name; every file of the folder that holds a list is one. */
export const tables: readonly (readonly [name: string, cases: readonly Case[]])[] = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map(
    (file) => [file.replace(".json", ""), JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Case[]] as const,
  )
  .filter(([, cases]) => Array.isArray(cases));
