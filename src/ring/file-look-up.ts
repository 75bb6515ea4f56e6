/** Looks files up: what is there, and whether it lies where it may. */

import type { Stats } from "node:fs";
import { resolve, sep } from "node:path";
import { realPathIfThere, type SeenFile, statIfThere } from "../byte-streams/index.js";
import { currentClock } from "../clock/index.js";
import { type Awaitable, chain } from "../deferred/index.js";

/** There is nothing at the path. */
export const MISSING = "missing";
/** There is something, but it lies outside, behind a symbolic link or `..`. */
export const OUTSIDE = "outside";

interface Known extends SeenFile {
  /** Milliseconds of the clock until which nobody looks again. */
  freshUntil: number;
}

/** Paths that are remembered. */
const MAX_KNOWN = 4096;

/** Is what is there now the very thing that was there, unchanged and not moved? */
function isUnchanged(before: Stats, now: Stats): boolean {
  return (
    before.ino === now.ino &&
    before.dev === now.dev &&
    before.ctimeMs === now.ctimeMs &&
    before.mtimeMs === now.mtimeMs &&
    before.size === now.size
  );
}

const isBelow = (base: string, path: string): boolean =>
  path === base || path.startsWith(base.endsWith(sep) ? base : base + sep);

/**
 * Finds what is at a path, and refuses what lies outside of its bases once every symbolic link is followed.
 *
 * The first look at a path follows its links. Later ones ask for its state only: as long as that is the same file,
 * unchanged, it lies where it lay.
 */
export class FileLookUp {
  readonly #bases: readonly string[] | undefined;
  readonly #cacheFor: number;
  readonly #known = new Map<string, Known>();
  #realBases: readonly string[] = [];

  /**
   * @param bases Folders below which what is found must lie; undefined is anywhere.
   * @param cacheFor Milliseconds for which what was found is not asked for again.
   */
  constructor(bases: readonly string[] | undefined, cacheFor: number) {
    this.#bases = bases?.map((base) => resolve(base));
    this.#cacheFor = cacheFor;
  }

  /** @param path Without NUL characters. */
  look(path: string): Awaitable<SeenFile | typeof MISSING | typeof OUTSIDE> {
    const now = this.#cacheFor === 0 ? 0 : currentClock().now();
    const known = this.#known.get(path);
    if (known === undefined || known.isStale) return this.#find(path, now);
    if (now < known.freshUntil) return known;
    return chain(statIfThere(path), (stats) => {
      if (stats === undefined || !isUnchanged(known.stats, stats)) return this.#find(path, now);
      known.freshUntil = now + this.#cacheFor;
      return known;
    });
  }

  async #find(path: string, now: number): Promise<SeenFile | typeof MISSING | typeof OUTSIDE> {
    this.#known.delete(path);
    const real = this.#bases === undefined ? path : await realPathIfThere(path);
    if (real === undefined) return MISSING;
    if (!(await this.#isInside(real))) return OUTSIDE;
    const stats = await statIfThere(real);
    if (stats === undefined) return MISSING;
    const found: Known = { path: real, stats, isStale: false, freshUntil: now + this.#cacheFor };
    this.#keep(path, found);
    return found;
  }

  async #isInside(real: string): Promise<boolean> {
    const bases = this.#bases;
    if (bases === undefined || this.#realBases.some((base) => isBelow(base, real))) return true;
    // A base may be a link that has been set to another folder since, as deployments do.
    const found = await Promise.all(bases.map(realPathIfThere));
    this.#realBases = found.filter((base) => base !== undefined);
    return this.#realBases.some((base) => isBelow(base, real));
  }

  #keep(path: string, found: Known): void {
    if (this.#known.size >= MAX_KNOWN) {
      const [oldest] = this.#known.keys();
      this.#known.delete(oldest as string);
    }
    this.#known.set(path, found);
  }
}
