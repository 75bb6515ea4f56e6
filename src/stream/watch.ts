/** Every stream of a process, for tools: what is there, who feeds whom, and how many messages went through. */

import { checkCount, checkOptionNames } from "../errors/options.js";
import { CoreSource } from "./core-source.js";
import { type Graph, type GraphNode, graphOf, type Vertex, verticesOf } from "./graph.js";
import { DRAINED, Failure, type Taker, WAITING } from "./protocol.js";
import { SourceView } from "./views.js";
import { setWatcher } from "./watching.js";

export interface StreamWatchOptions {
  /** Streams that are remembered; beyond that the oldest are forgotten, unless others lead to them. @default 2000 */
  readonly limit?: number | undefined;
}

/** A stream of a graph; its id stays the same. */
export interface WatchedNode extends GraphNode {
  /** Messages that were taken from it, or sent on; undefined for what is a sink only, and for what was made before. */
  readonly messages: number | undefined;
}

export interface WatchedGraph extends Graph {
  readonly nodes: readonly WatchedNode[];
}

/** See {@link watchStreams}. */
export interface StreamWatch {
  /** The streams that were made since and are not drained, and what they feed, at this moment. */
  graph(): WatchedGraph;
  /** The ids that the graph has for a stream: two for a splice of two streams. */
  idsOf(stream: object): readonly string[];
  stop(): void;
}

const OPTIONS = { limit: true } as const;
const LIMIT = 2000;

const watches = new Set<Watch>();

/**
 * Watches all streams that are made from now on, for tools of developers: streams cost more while somebody does, and nothing
 * when nobody does.
 *
 * They are held weakly: what nobody uses any more is gone from the graph as soon as it is collected, at the latest.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that is unknown or wrong.
 * @example
 * const watch = watchStreams();
 * const numbers = stream<number>(10);
 * const doubled = map((n: number) => n * 2, numbers);
 * await put(numbers, 1);
 * watch.graph().nodes.map(({ messages }) => messages); // => [1, 0]
 * watch.stop();
 * @see Source: none; `manifold.stream/downstream`, from all streams at once.
 */
export function watchStreams(options: StreamWatchOptions = {}): StreamWatch {
  checkOptionNames("watchStreams", options, OPTIONS);
  const watch = new Watch(checkCount("watchStreams", "limit", options.limit ?? LIMIT, "streams"));
  watches.add(watch);
  if (watches.size === 1) setWatcher(registry);
  return watch;
}

/** Tells every watch; streams are metered once. */
const registry = {
  made(source: object): void {
    // A view shows what it is a view of; that is not known yet, as it is just being made.
    if (!(source instanceof CoreSource) || source instanceof SourceView) return;
    meter(source);
    for (const watch of watches) watch.add(source);
  },
  hide(source: object): void {
    for (const watch of watches) watch.remove(source);
  },
};

class Watch implements StreamWatch {
  readonly #limit: number;
  readonly #ids = new WeakMap<object, string>();
  /** By source, in the order they were made. */
  readonly #references = new WeakMap<object, WeakRef<CoreSource<unknown>>>();
  readonly #known = new Set<WeakRef<CoreSource<unknown>>>();
  #lastId = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(source: CoreSource<unknown>): void {
    if (this.#known.size >= this.#limit) this.#makeRoom();
    const reference = new WeakRef(source);
    this.#references.set(source, reference);
    this.#known.add(reference);
  }

  remove(source: object): void {
    const reference = this.#references.get(source);
    if (reference !== undefined) this.#known.delete(reference);
  }

  /** Forgets what is gone; if nothing is, the older half, so that this is seldom done. */
  #makeRoom(): void {
    this.#living();
    let surplus = this.#known.size - this.#limit / 2;
    for (const reference of this.#known) {
      if (surplus-- <= 0) return;
      this.#known.delete(reference);
    }
  }

  #living(): CoreSource<unknown>[] {
    const living: CoreSource<unknown>[] = [];
    for (const reference of this.#known) {
      const source = reference.deref();
      if (source === undefined || source.isDrained()) this.#known.delete(reference);
      else living.push(source);
    }
    return living;
  }

  graph(): WatchedGraph {
    const { graph, vertices } = graphOf(this.#living(), (vertex) => this.#idOf(vertex));
    const messages = new Map(vertices.map((vertex) => [this.#idOf(vertex), meters.get(vertex)?.messages]));
    return { edges: graph.edges, nodes: graph.nodes.map((node) => ({ ...node, messages: messages.get(node.id) })) };
  }

  idsOf(stream: object): readonly string[] {
    return verticesOf(stream).map((vertex) => this.#idOf(vertex));
  }

  #idOf(vertex: Vertex): string {
    let id = this.#ids.get(vertex);
    if (id === undefined) this.#ids.set(vertex, (id = `n${++this.#lastId}`));
    return id;
  }

  stop(): void {
    watches.delete(this);
    if (watches.size === 0) setWatcher(undefined);
    this.#known.clear();
  }
}

interface Meter {
  messages: number;
}

const meters = new WeakMap<object, Meter>();

/** Counts the messages that leave a source, by a `poll` of its own, so that those of others stay as they are. */
function meter(source: CoreSource<unknown>): void {
  const meter: Meter = { messages: 0 };
  meters.set(source, meter);
  const poll = source.poll.bind(source);
  source.poll = (taker) => {
    const found = poll(taker === null ? null : new MeteredTaker(taker, meter));
    if (found !== WAITING) count(meter, found);
    return found;
  };
}

function count(meter: Meter, found: unknown): void {
  if (found !== DRAINED && !(found instanceof Failure)) meter.messages++;
}

class MeteredTaker implements Taker<unknown> {
  readonly #taker: Taker<unknown>;
  readonly #meter: Meter;

  constructor(taker: Taker<unknown>, meter: Meter) {
    this.#taker = taker;
    this.#meter = meter;
  }

  isWaiting(): boolean {
    return this.#taker.isWaiting();
  }

  deliver(message: unknown): void {
    count(this.#meter, message);
    this.#taker.deliver(message);
  }
}
