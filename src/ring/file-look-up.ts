/** Looks files up: what is there, and whether it lies where it may. */

import type { Stats } from "node:fs";
import { resolve, sep } from "node:path";
import { readIf, realPathIfThere, type SeenFile, statIfThere } from "../byte-streams/core.js";
import { currentClock } from "../clock/index.js";
import { type Awaitable, catchError, chain } from "../deferred/index.js";

/** There is nothing at the path. */
export const MISSING = "missing";
/** There is something, but it lies outside, behind a symbolic link or `..`. */
export const OUTSIDE = "outside";

interface Known extends SeenFile {
  /** Milliseconds of the clock until which nobody looks again. */
  freshUntil: number;
  content?: Buffer | undefined;
}

/** Paths that are remembered. */
const MAX_KNOWN = 4096;

/** Bytes of a file that is read as a whole on the way, and of all contents that are kept. */
const MAX_CONTENT = 65_536;
const MAX_KEPT = 16 * 1_048_576;

const isSmall = ({ stats }: SeenFile): boolean => stats.isFile() && stats.size > 0 && stats.size <= MAX_CONTENT;

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
 * unchanged, it lies where it lay. A small file whose content is wanted is not even asked for its state: it is opened, and
 * if it is that file, read.
 */
export class FileLookUp {
  readonly #bases: readonly string[] | undefined;
  readonly #cacheFor: number;
  readonly #known = new Map<string, Known>();
  #realBases: readonly string[] = [];
  #bytesLeft = MAX_KEPT;

  /**
   * @param bases Folders below which what is found must lie; undefined is anywhere.
   * @param cacheFor Milliseconds for which what was found is not asked for again.
   */
  constructor(bases: readonly string[] | undefined, cacheFor: number) {
    this.#bases = bases?.map((base) => resolve(base));
    this.#cacheFor = cacheFor;
  }

  /**
   * @param path Without NUL characters.
   * @param wantsContent Will the file be sent, as far as anybody knows?
   */
  look(path: string, wantsContent = false): Awaitable<SeenFile | typeof MISSING | typeof OUTSIDE> {
    const now = this.#cacheFor === 0 ? 0 : currentClock().now();
    const known = this.#known.get(path);
    if (known === undefined || known.isStale) return this.#findIfThere(path, now);
    const isRead = wantsContent && isSmall(known);
    if (now < known.freshUntil && (!isRead || known.content !== undefined)) return known;
    // Through a link it may lead to another file by now.
    if (isRead && known.path === path && this.#bases !== undefined) return this.#read(path, known, now);
    return chain(statIfThere(path), (stats) => {
      if (stats === undefined || !isUnchanged(known.stats, stats)) return this.#find(path, now);
      known.freshUntil = now + this.#cacheFor;
      return known;
    });
  }

  #read(path: string, known: Known, now: number): Awaitable<SeenFile | typeof MISSING | typeof OUTSIDE> {
    const { stats } = known;
    const read = chain(
      readIf(path, stats.size, (found) => isUnchanged(stats, found)),
      (content) => {
        if (content === undefined) return this.#find(path, now);
        if (this.#cacheFor > 0) {
          known.freshUntil = now + this.#cacheFor;
          this.#keepContent(path, known, content);
        }
        return { path, stats, content, isStale: false };
      },
    );
    // It is gone, or a link: a proper look tells.
    return catchError(read, () => this.#find(path, now));
  }

  #keepContent(path: string, known: Known, content: Buffer): void {
    if (known.content !== undefined || this.#known.get(path) !== known || this.#bytesLeft < content.length) return;
    known.content = content;
    this.#bytesLeft -= content.length;
  }

  /** Most paths that a site asks for first in its folder of files are not there: that is cheaper to ask than where they lead. */
  #findIfThere(path: string, now: number): Awaitable<SeenFile | typeof MISSING | typeof OUTSIDE> {
    return chain(statIfThere(path), (stats) => (stats === undefined ? MISSING : this.#find(path, now)));
  }

  async #find(path: string, now: number): Promise<SeenFile | typeof MISSING | typeof OUTSIDE> {
    this.#forget(path);
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
      this.#forget(oldest as string);
    }
    this.#forget(path);
    this.#known.set(path, found);
  }

  #forget(path: string): void {
    this.#bytesLeft += this.#known.get(path)?.content?.length ?? 0;
    this.#known.delete(path);
  }
}
