/** The graph of conversions: types are its nodes, each known conversion is an edge with a cost. */

import { type Awaitable, andThen } from "../deferred/index.js";
import { type Source, toSource } from "../stream/index.js";
import type { ConvertOptions } from "./options.js";
import { each, staged, through } from "./stages.js";
import { isSinkType, seqOf, streamOf, type Type, vectorOf } from "./types.js";

/** A conversion of one type into another. */
export interface Edge {
  readonly from: Type;
  readonly to: Type;
  readonly cost: number;
  /** Does it have its result at once? */
  readonly isSync: boolean;
  convert(x: unknown, options: ConvertOptions): unknown;
}

/** The cheapest way from one type to another. */
export interface Path {
  readonly cost: number;
  readonly edges: readonly Edge[];
}

/** Added to the cost of a conversion of single values when it is done to each message of a stream. */
const STREAM_COST = 0.1;
const COLLECTION_COST = 1;

export class Graph {
  readonly #edges = new Map<Type, Map<Type, Edge>>();
  /** What can be reached from a type, and how: found once, forgotten when the graph changes. */
  readonly #reached = { any: new Map<Type, Map<Type, Path>>(), sync: new Map<Type, Map<Type, Path>>() };

  /** Every edge that was defined. */
  get edges(): readonly Edge[] {
    return [...this.#edges.values()].flatMap((edges) => [...edges.values()]);
  }

  /** Adds an edge, or replaces the one between the two types. */
  define(edge: Edge): void {
    const edges = this.#edges.get(edge.from) ?? new Map<Type, Edge>();
    this.#edges.set(edge.from, edges.set(edge.to, edge));
    this.#reached.any.clear();
    this.#reached.sync.clear();
  }

  /**
   * The cheapest path of those that need not wait, or, unless only such will do, of all; of equally cheap ones that with the
   * fewest steps. It is empty to the type itself, undefined if there is none.
   */
  path(from: Type, to: Type, syncOnly = false): Path | undefined {
    return this.reach(from, syncOnly).get(to);
  }

  /** All that can be reached from a type, with the paths. */
  reach(from: Type, syncOnly = false): ReadonlyMap<Type, Path> {
    const cache = this.#reached[syncOnly ? "sync" : "any"];
    let reached = cache.get(from);
    if (reached === undefined) {
      reached = this.#search(from, syncOnly);
      if (!syncOnly) for (const [to, path] of this.reach(from, true)) reached.set(to, path);
      cache.set(from, reached);
    }
    return reached;
  }

  #search(from: Type, syncOnly: boolean): Map<Type, Path> {
    const settled = new Map<Type, Path>();
    const open = new Map<Type, Path>([[from, { cost: 0, edges: [] }]]);
    for (let next = cheapest(open); next !== undefined; next = cheapest(open)) {
      const [type, path] = next;
      open.delete(type);
      settled.set(type, path);
      for (const edge of this.outgoing(type)) {
        if (settled.has(edge.to) || (syncOnly && !edge.isSync)) continue;
        const longer = { cost: path.cost + edge.cost, edges: [...path.edges, edge] };
        const known = open.get(edge.to);
        if (known === undefined || isBetter(longer, known)) open.set(edge.to, longer);
      }
    }
    return withSupertypes(settled);
  }

  /** The edges of a type, those of its supertypes, and those that every collection has; the most specific between two types. */
  outgoing(type: Type): Iterable<Edge> {
    const found = new Map<Type, Edge>();
    for (const each of [type, ...type.supertypes]) {
      for (const edge of [...(this.#edges.get(each)?.values() ?? []), ...this.#lifted(each), ...regrouped(each)]) {
        if (!found.has(edge.to)) found.set(edge.to, edge);
      }
    }
    return found.values();
  }

  /** The conversions of elements, as conversions of the sequence or stream of them. */
  *#lifted({ kind, element }: Type): Iterable<Edge> {
    if (element === undefined || element.kind !== "one" || kind === "vector") return;
    for (const edge of this.#edges.get(element)?.values() ?? []) {
      if (edge.to.kind !== "one" || isSinkType(edge.to)) continue;
      if (kind === "stream") yield streamLift(edge);
      else if (edge.isSync) yield seqLift(edge);
    }
  }
}

function seqLift(edge: Edge): Edge {
  return {
    from: seqOf(edge.from),
    to: seqOf(edge.to),
    cost: edge.cost,
    isSync: true,
    convert: (x, options) => staged(x as Iterable<unknown>, () => each((element) => edge.convert(element, options))),
  };
}

function streamLift(edge: Edge): Edge {
  return {
    from: streamOf(edge.from),
    to: streamOf(edge.to),
    cost: edge.cost + STREAM_COST,
    isSync: true,
    convert: (x, options) =>
      through(x as Source<unknown>, {
        write: (element) => andThen(edge.convert(element, options) as Awaitable<unknown>, (made) => [made]),
        end: () => [],
      }),
  };
}

/** From one kind of collection to another: they hold the same elements. */
function* regrouped(from: Type): Iterable<Edge> {
  const { kind, element } = from;
  if (element === undefined) return;
  const to = (type: Type, isSync: boolean, convert: Edge["convert"]): Edge => ({
    from,
    to: type,
    cost: COLLECTION_COST,
    isSync,
    convert,
  });
  if (kind === "vector") yield to(seqOf(element), true, (x) => x);
  if (kind === "seq") {
    yield to(vectorOf(element), true, (x) => [...(x as Iterable<unknown>)]);
    yield to(streamOf(element), true, (x) => toSource(x as Iterable<unknown>));
  }
  if (kind === "stream") yield to(vectorOf(element), false, (x) => gathered(x as Source<unknown>));
}

async function gathered(source: Source<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const message of source) all.push(message);
  return all;
}

function isBetter(path: Path, than: Path): boolean {
  return path.cost < than.cost || (path.cost === than.cost && path.edges.length < than.edges.length);
}

function cheapest(paths: ReadonlyMap<Type, Path>): [Type, Path] | undefined {
  let best: [Type, Path] | undefined;
  for (const entry of paths) if (best === undefined || isBetter(entry[1], best[1])) best = entry;
  return best;
}

/** A value of a type is one of its supertypes too. */
function withSupertypes(paths: Map<Type, Path>): Map<Type, Path> {
  for (const [type, path] of paths) {
    for (const above of type.supertypes) {
      const known = paths.get(above);
      if (known === undefined || isBetter(path, known)) paths.set(above, path);
    }
  }
  return paths;
}
