/** Changed modules are loaded anew while the server runs. Source: `ring.middleware.reload`. */

import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Awaitable } from "../src/deferred/index.js";
import { type Modules, watchedModules } from "../src/devel/reload/modules.js";
import { describe, InvalidArgumentError, RingError } from "../src/errors/index.js";
import { tagged } from "../src/ring/tag.js";
import type { Handler, RingRequest } from "../src/ring/types.js";

/** What is loaded anew, and when. */
export interface ReloadOptions {
  /** Folders with the modules that are loaded anew; others are loaded once. @default ["src"] */
  readonly dirs?: readonly string[] | undefined;
  /**
   * Is a module that could not be loaded tried again at each request? If not, only once it, or one that it is about, has
   * changed again; until then the handler that was loaded last goes on. @default true
   */
  readonly reloadCompileErrors?: boolean | undefined;
  /** Is anything loaded anew at all? @default true, unless NODE_ENV is "production" */
  readonly reload?: boolean | undefined;
}

/** A module with the handler as its default export, or the handler. */
export type Reloadable<R> = Handler<R> | { readonly default: Handler<R> };

/** The handler's modules could not be loaded; the reason is the `cause`. Code `RING_RELOAD`. */
export class ReloadError extends RingError {
  constructor(changed: readonly string[], cause: unknown) {
    const files = changed.map((url) => relative(process.cwd(), fileURLToPath(url))).join(", ");
    const reason = String((cause as { message?: unknown } | null | undefined)?.message ?? cause);
    super("RING_RELOAD", `the handler cannot be loaded${files === "" ? "" : ` since ${files} changed`}: ${reason}`, {
      cause,
    });
  }
}

/** The URL of a folder, symbolic links resolved as Node resolves them. */
function rootOf(dir: string): string {
  try {
    return `${pathToFileURL(realpathSync(dir)).href}/`;
  } catch (cause) {
    throw new InvalidArgumentError(`wrapReload: dirs has ${resolve(dir)}, which cannot be read`, { cause });
  }
}

async function loadHandler<R>(load: () => Awaitable<Reloadable<R>>): Promise<Handler<R>> {
  const loaded = await load();
  const handler = typeof loaded === "function" ? loaded : loaded.default;
  if (typeof handler === "function") return handler;
  throw new InvalidArgumentError(
    `wrapReload: the module has ${describe(handler)} as its default export; export the handler, or yield it from the function`,
  );
}

/** Keeps the handler that was loaded last. */
class Reloader<R> {
  readonly #load: () => Awaitable<Reloadable<R>>;
  readonly #roots: readonly string[];
  readonly #retries: boolean;
  readonly #modules: Modules;
  #generation = -1;
  #handler: Handler<R> | undefined;
  #error: ReloadError | undefined;
  /** What has changed since the last success. */
  readonly #changed = new Set<string>();
  #turn: Promise<Handler<R>> | undefined;

  constructor(load: () => Awaitable<Reloadable<R>>, roots: readonly string[], retries: boolean) {
    this.#load = load;
    this.#roots = roots;
    this.#retries = retries;
    this.#modules = watchedModules();
    for (const root of roots) this.#modules.watch(root);
  }

  /** The handler as it is now. Requests that come while it is being loaded share it. */
  current(): Promise<Handler<R>> {
    this.#turn ??= this.#refresh().finally(() => {
      this.#turn = undefined;
    });
    return this.#turn;
  }

  async #refresh(): Promise<Handler<R>> {
    for (const url of await this.#modules.refresh()) this.#changed.add(url);
    const { generation } = this.#modules;
    if (generation !== this.#generation) {
      this.#generation = generation;
      await this.#reload();
    }
    if (this.#handler !== undefined) return this.#handler;
    throw this.#error;
  }

  async #reload(): Promise<void> {
    try {
      this.#handler = await loadHandler(this.#load);
    } catch (error) {
      this.#error = new ReloadError([...this.#changed], error);
      if (this.#retries) this.#modules.retry();
      throw this.#error;
    }
    this.#changed.clear();
    if (this.#modules.below(this.#roots).length > 0) return;
    const dirs = this.#roots.map((root) => fileURLToPath(root)).join(", ");
    throw new InvalidArgumentError(
      `wrapReload: nothing was loaded from ${dirs}; name the folder of the handler in dirs`,
    );
  }
}

/**
 * Middleware for development: loads changed modules anew, in the order in which they need each other, before the next
 * request is handled.
 *
 * `load` imports the module whose default export is the handler: `() => import("./handler.js")`. A module of the folders `dirs` is loaded anew when its file
 * has changed, or that of one it imports; all others keep their state. If that fails the request fails with
 * {@link ReloadError}, and the next request tries again.
 *
 * It works on ES modules, by giving each version of one a URL of its own (`handler.js?ring-reload=2`, which
 * `import.meta.url` shows). Node never frees a module, so old versions stay in memory until the process ends. CommonJS
 * modules are loaded once; so are modules that were imported before this function was called.
 *
 * In production, that is with NODE_ENV set to "production", the handler is loaded once, at the first request, and files are
 * not looked at, unless `reload` says so.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, if a folder cannot be read; at a request, if
 *   nothing is loaded from the folders, or what is loaded is no handler.
 * @example
 * const module = new URL("src/handler.js", import.meta.url).href;
 * const app = wrapReload(() => import(module), { dirs: ["src"] });
 * @see Source: `ring.middleware.reload/wrap-reload`. Differs: the handler is imported by a function, as there are no vars.
 */
export function wrapReload<R extends RingRequest>(
  load: () => Awaitable<Reloadable<R>>,
  options: ReloadOptions = {},
): Handler<R> {
  const { dirs = ["src"], reloadCompileErrors = true, reload = process.env["NODE_ENV"] !== "production" } = options;
  const roots = dirs.map(rootOf);
  return tagged(
    "wrapReload",
    load,
    reload ? reloading(new Reloader(load, roots, reloadCompileErrors)) : loadedOnce(load),
  );
}

function reloading<R>(reloader: Reloader<R>): Handler<R> {
  return async (request) => (await reloader.current())(request);
}

/** Loads the handler at the first request; then it is called as if there were no middleware. */
function loadedOnce<R>(load: () => Awaitable<Reloadable<R>>): Handler<R> {
  let handler: Handler<R> | undefined;
  return (request) => {
    if (handler !== undefined) return handler(request);
    return loadHandler(load).then((loaded) => {
      handler = loaded;
      return loaded(request);
    });
  };
}
