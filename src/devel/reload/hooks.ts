/**
 * The hooks that give modules versions: a module of version 3 is imported as `handler.js?ring-reload=3`, which to Node is
 * another module than the one of version 2.
 *
 * Node loads this file once more, in the thread that its hooks run in, where they cannot run in the main thread.
 */

import { type BigIntStats, statSync } from "node:fs";
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

/** An import that was resolved. */
export interface Import {
  /** URLs without versions. */
  readonly url: string;
  readonly importer: string | undefined;
  /** The state of the file right before it was read. */
  readonly stamp: string;
}

/** What the hooks have to know. */
export interface Versioning {
  /** URLs of the folders whose modules have versions; each ends in "/". */
  readonly roots: readonly string[];
  /** Versions above 0, by URL. */
  readonly versions: ReadonlyMap<string, number>;
}

const PARAMETER = /[?&]ring-reload=\d+$/;

/** A URL without the version in it. */
const plainUrl = (url: string): string => url.replace(PARAMETER, "");

/** What changes when a file does; empty if it is not there. */
export function stampOf(stats: BigIntStats | undefined): string {
  return stats === undefined ? "" : `${stats.mtimeNs}-${stats.size}-${stats.ino}`;
}

// At once, right before Node reads the file: a change that comes later is seen.
const stampNow = (url: string): string => stampOf(statSync(new URL(url), { bigint: true, throwIfNoEntry: false }));

interface Context {
  readonly parentURL?: string | undefined;
  readonly conditions?: readonly string[] | undefined;
}

interface Resolved {
  readonly url: string;
}

/** Puts the version into what an import was resolved to, and tells about the import. */
function versioned<R extends Resolved>(
  resolved: R,
  { parentURL, conditions }: Context,
  { roots, versions }: Versioning,
  tell: (found: Import) => void,
): R {
  const url = plainUrl(resolved.url);
  // A module that is required is found by its path, which has no version.
  if (conditions?.includes("require") === true || !roots.some((root) => url.startsWith(root))) return resolved;
  tell({ url, importer: parentURL === undefined ? undefined : plainUrl(parentURL), stamp: stampNow(url) });
  const version = versions.get(url);
  return version === undefined
    ? resolved
    : { ...resolved, url: `${url}${url.includes("?") ? "&" : "?"}ring-reload=${version}` };
}

/** The hook for Node's `registerHooks`, which runs where the application does. */
export const syncResolve =
  (versioning: () => Versioning, tell: (found: Import) => void) =>
  <R extends Resolved>(specifier: string, context: Context, next: (specifier: string, context: Context) => R): R =>
    versioned(next(specifier, context), context, versioning(), tell);

let main: MessagePort | undefined;
let known: Versioning = { roots: [], versions: new Map() };

/** Called by Node in the thread of the hooks, with the port to the main thread. */
export function initialize({ port }: { readonly port: MessagePort }): void {
  main = port;
}

/** The hook for Node's `register`. What the main thread posted before it began to import has arrived. */
export async function resolve<R extends Resolved>(
  specifier: string,
  context: Context,
  next: (specifier: string, context: Context) => Promise<R>,
): Promise<R> {
  const resolved = await next(specifier, context);
  if (main === undefined) return resolved;
  for (let news = receiveMessageOnPort(main); news !== undefined; news = receiveMessageOnPort(main)) {
    known = news.message as Versioning;
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a worker has none
  return versioned(resolved, context, known, (found) => main?.postMessage(found));
}
