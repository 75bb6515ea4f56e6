/** Which file a path means: in a folder, and among the resources. */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HttpFile, namesIn, type SeenFile } from "../byte-streams/core.js";
import { type Awaitable, andThen, chain } from "../deferred/index.js";
import { InvalidArgumentError } from "../errors/index.js";
import { FileLookUp, MISSING, type OUTSIDE } from "./file-look-up.js";
import { BadPathError, hasHiddenName, hasParentName, isStrangeOn } from "./file-names.js";

/** A folder or file: a path, or a `file:` URL such as `new URL("../public/", import.meta.url)`. */
export type FilePath = string | URL;

/** What folders and resources have in common. */
export interface LookUpOptions {
  /** May symbolic links lead out of the root? Inside of it they always may lead. @default false */
  readonly allowSymlinks?: boolean | undefined;
  /** Are names served that begin with a dot? With "ignore" they are not there, but for `.well-known`. @default "serve" */
  readonly dotfiles?: "serve" | "ignore" | undefined;
  /**
   * Milliseconds for which what was found at a path is believed without a look at the disk, and the contents of files up to
   * 64 KiB (16 MiB of them) are kept. A larger one that is replaced in that time may once be answered with
   * `RING_FILE_CHANGED` (status 503). @default 0
   */
  readonly cacheFor?: number | undefined;
}

export interface FolderOptions extends LookUpOptions {
  /**
   * Does a folder's path mean its `index.html`, else its `index.htm`, else the first of its files whose name begins with
   * `index.`? A list names others, to be tried in order. @default true
   */
  readonly indexFiles?: boolean | readonly string[] | undefined;
}

/** Finds files by the paths that clients ask for. */
export interface FileFinder {
  /**
   * @param wantsContent Will the file be sent, as far as anybody knows?
   * @throws {BadPathError} code `RING_BAD_PATH`, status 400.
   */
  find(path: string, wantsContent?: boolean): Awaitable<HttpFile | undefined>;
  /** The file beside this one whose name is longer by `suffix`. */
  beside(file: HttpFile, suffix: string, wantsContent?: boolean): Awaitable<SeenFile | undefined>;
}

export const pathOf = (path: FilePath): string => (typeof path === "string" ? path : fileURLToPath(path));

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`. */
export function checkLookUpOptions(name: string, { dotfiles = "serve", cacheFor = 0 }: LookUpOptions): void {
  if (dotfiles !== "serve" && dotfiles !== "ignore") {
    throw new InvalidArgumentError(`${name}: dotfiles must be "serve" or "ignore"`);
  }
  if (!(cacheFor >= 0)) throw new InvalidArgumentError(`${name}: cacheFor must be a number of milliseconds from 0`);
}

type Found = SeenFile | typeof MISSING | typeof OUTSIDE;

/** What folders and resources have in common. */
abstract class Finder implements FileFinder {
  readonly #below: FileLookUp;
  readonly #anywhere: FileLookUp | undefined;
  readonly #showsHidden: boolean;

  /** @param bases Where what is found must lie; undefined is anywhere. */
  constructor(bases: readonly string[] | undefined, { allowSymlinks, dotfiles, cacheFor = 0 }: LookUpOptions) {
    this.#below = new FileLookUp(bases, cacheFor);
    this.#anywhere = allowSymlinks === true ? new FileLookUp(undefined, cacheFor) : undefined;
    this.#showsHidden = dotfiles !== "ignore";
  }

  abstract find(path: string, wantsContent?: boolean): Awaitable<HttpFile | undefined>;

  beside({ path }: HttpFile, suffix: string, wantsContent = false): Awaitable<SeenFile | undefined> {
    return andThen(this.look(path + suffix, wantsContent), (found) => (isFile(found) ? found : undefined));
  }

  protected look(place: string, wantsContent: boolean): Awaitable<Found> {
    // Links may lead out; dots may not.
    const lookUp = this.#anywhere === undefined || hasParentName(place) ? this.#below : this.#anywhere;
    return lookUp.look(place, wantsContent);
  }

  protected isRefused(path: string): boolean {
    return isStrangeOn(process.platform, path) || (!this.#showsHidden && hasHiddenName(path));
  }
}

/** Devices, FIFOs and sockets are no files here, so that nobody waits for them. */
function isFile(found: Found): found is SeenFile {
  return typeof found === "object" && found.stats.isFile();
}

/** Bytes read at a time of files that are larger than what is read as a whole. */
const CHUNK_SIZE = 131_072;

const fileAt = (place: string, seen: SeenFile): HttpFile => new HttpFile(place, 0, undefined, CHUNK_SIZE, seen);

const SLASH = 47;

function withoutOuterSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (path.charCodeAt(start) === SLASH) start++;
  while (end > start && path.charCodeAt(end - 1) === SLASH) end--;
  return path.slice(start, end);
}

const INDEX_FILES = ["index.html", "index.htm"];

/** The files of a folder, or, without a root, of the whole machine. */
export class FolderFiles extends Finder {
  readonly #root: string | undefined;
  readonly #indexes: readonly string[];
  /** Does any name that begins with `index.` do? */
  readonly #takesAnyIndex: boolean;

  constructor(root: string | undefined, options: FolderOptions) {
    const { indexFiles = true } = options;
    super(root === undefined ? undefined : [root], options);
    this.#root = root === undefined ? undefined : resolve(root);
    this.#indexes = typeof indexFiles === "boolean" ? (indexFiles ? INDEX_FILES : []) : indexFiles;
    this.#takesAnyIndex = indexFiles === true;
  }

  find(path: string, wantsContent = false): Awaitable<HttpFile | undefined> {
    if (path.includes("\0")) throw new BadPathError();
    if (this.#root === undefined) return this.#findAt(path, wantsContent);
    if (this.isRefused(path)) return undefined;
    const name = withoutOuterSlashes(path);
    const place = name === "" ? this.#root : `${this.#root}/${name}`;
    if (name !== "" && !path.endsWith("/")) return this.#findAt(place, wantsContent);
    // It asks for a folder, so its index is tried first.
    return andThen(this.#indexOf(place, 0, wantsContent), (index) => index ?? this.#findAt(place, wantsContent));
  }

  #findAt(place: string, wantsContent: boolean): Awaitable<HttpFile | undefined> {
    return andThen(this.look(place, wantsContent), (found) => {
      if (typeof found === "string") return undefined;
      if (found.stats.isFile()) return fileAt(place, found);
      if (!found.stats.isDirectory() || this.#indexes.length === 0) return undefined;
      return andThen(
        this.#indexOf(place, 0, wantsContent),
        (index) => index ?? this.#anyIndexOf(place, found, wantsContent),
      );
    });
  }

  /** The first of the index files that is there, from one on. */
  #indexOf(folder: string, from: number, wantsContent: boolean): Awaitable<HttpFile | undefined> {
    const name = this.#indexes[from];
    if (name === undefined) return undefined;
    const place = `${folder}/${name}`;
    return andThen(this.look(place, wantsContent), (found) =>
      isFile(found) ? fileAt(place, found) : this.#indexOf(folder, from + 1, wantsContent),
    );
  }

  #anyIndexOf(folder: string, { path }: SeenFile, wantsContent: boolean): Awaitable<HttpFile | undefined> {
    if (!this.#takesAnyIndex) return undefined;
    return chain(namesIn(path), (names) => {
      const name = names.find((candidate) => candidate.toLowerCase().startsWith("index."));
      if (name === undefined) return undefined;
      const place = `${folder}/${name}`;
      return andThen(this.look(place, wantsContent), (found) => (isFile(found) ? fileAt(place, found) : undefined));
    });
  }
}

/** Files by name below the first of several folders that has it. */
export class ResourceFiles extends Finder {
  readonly #roots: readonly string[];
  readonly #prefix: string;

  /** @param root The folder in each of them; "" and undefined are these folders themselves. */
  constructor(roots: readonly string[], root: string | undefined, options: LookUpOptions) {
    super(
      roots.map((folder) => `${folder}/${root ?? ""}`),
      options,
    );
    this.#roots = roots.map((folder) => resolve(folder));
    this.#prefix = root === undefined ? "" : `${root}/`;
  }

  find(path: string, wantsContent = false): Awaitable<HttpFile | undefined> {
    const name = (this.#prefix + path).replace(/^\/+/, "");
    if (name.includes("\0") || hasParentName(name) || this.isRefused(name)) return undefined;
    return this.#findIn(0, name, wantsContent);
  }

  #findIn(index: number, name: string, wantsContent: boolean): Awaitable<HttpFile | undefined> {
    const root = this.#roots[index];
    if (root === undefined) return undefined;
    const place = `${root}/${name}`;
    return andThen(this.look(place, wantsContent), (found) => {
      if (found === MISSING) return this.#findIn(index + 1, name, wantsContent);
      return isFile(found) ? fileAt(place, found) : undefined;
    });
  }
}
