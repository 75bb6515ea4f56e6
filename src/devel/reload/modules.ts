/** The modules of the application: who imports whom, and which have changed. */

import { stat } from "node:fs/promises";
import { stampOf } from "./hooks.js";
import { type Hooks, installHooks } from "./install.js";

interface Module {
  stamp: string;
  version: number;
  /** The generation in which it was first seen, or last given a new version. */
  generation: number;
  readonly importers: Set<string>;
}

/** The state of a file now; a file that is not there has one, too. */
async function stampLater(url: string): Promise<string> {
  try {
    return stampOf(await stat(new URL(url), { bigint: true }));
  } catch {
    return stampOf(undefined);
  }
}

/** All modules below some folders that were imported. There is one of it in a process: hooks cannot be taken out. */
export class Modules {
  readonly #hooks: Hooks;
  readonly #modules = new Map<string, Module>();
  readonly #roots = new Set<string>();
  #retried: readonly string[] = [];
  #refreshing: Promise<readonly string[]> | undefined;

  /** Grows whenever modules get new versions. */
  generation = 0;

  constructor(hooks: Hooks) {
    this.#hooks = hooks;
  }

  /** Watches the modules below a folder, whose URL ends in "/". */
  watch(root: string): void {
    this.#roots.add(root);
    this.#tell();
  }

  /** The URLs of modules below these folders that were seen. */
  below(roots: readonly string[]): string[] {
    this.#learn();
    return [...this.#modules.keys()].filter((url) => roots.some((root) => url.startsWith(root)));
  }

  /** Gives new versions to modules that have changed and to all that import them; yields those that have changed. */
  refresh(): Promise<readonly string[]> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<readonly string[]> {
    this.#learn();
    const changed = await this.#takeChanged();
    const stale = this.#withImporters([...changed, ...this.#retried]);
    this.#retried = [];
    if (stale.size === 0) return changed;
    this.generation++;
    for (const module of stale) {
      module.version++;
      module.generation = this.generation;
    }
    this.#tell();
    return changed;
  }

  async #takeChanged(): Promise<readonly string[]> {
    const all = [...this.#modules];
    const stamps = await Promise.all(all.map(([url]) => stampLater(url)));
    return all.flatMap(([url, module], index) => {
      const stamp = stamps[index] as string;
      if (stamp === module.stamp) return [];
      module.stamp = stamp;
      return [url];
    });
  }

  /** Marks what is new in this generation, and cannot be loaded, to be loaded anew at the next refresh. */
  retry(): void {
    this.#learn();
    this.#retried = [...this.#modules].flatMap(([url, { generation }]) =>
      generation === this.generation ? [url] : [],
    );
  }

  #withImporters(urls: readonly string[]): Set<Module> {
    const found = new Set<Module>();
    const waiting = [...urls];
    for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
      const module = this.#modules.get(url);
      if (module === undefined || found.has(module)) continue;
      found.add(module);
      waiting.push(...module.importers);
    }
    return found;
  }

  #learn(): void {
    for (const { url, importer, stamp } of this.#hooks.imports()) {
      let module = this.#modules.get(url);
      if (module === undefined) {
        module = { stamp, version: 0, generation: this.generation, importers: new Set() };
        this.#modules.set(url, module);
      }
      if (importer !== undefined) module.importers.add(importer);
    }
  }

  #tell(): void {
    const versions = [...this.#modules].flatMap(([url, { version }]) => (version > 0 ? [[url, version] as const] : []));
    this.#hooks.tell({ roots: [...this.#roots], versions: new Map(versions) });
  }
}

let modules: Modules | undefined;

/** The modules of this process; the first call puts the hooks into Node. */
export function watchedModules(): Modules {
  modules ??= new Modules(installHooks());
  return modules;
}
