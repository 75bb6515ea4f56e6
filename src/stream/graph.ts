/** What is connected to what: as plain data, and as text that draws it. */

import { inspect } from "node:util";
import { NotConvertibleError } from "../errors/index.js";
import { CallbackSink } from "./callback-sink.js";
import { knownSink, knownSource } from "./coerce.js";
import { CoreSource } from "./core-source.js";
import type { CoreSink } from "./protocol.js";
import type { Connection } from "./pump.js";
import type { Description, Sink, Source } from "./types.js";
import { SinkView, Splice } from "./views.js";

/** A stream of a graph, in the state it was in when the graph was described. */
export interface GraphNode {
  /** "n1", "n2", ... in the order they were found. */
  readonly id: string;
  /** As in its description, together with all that is told there. */
  readonly type: string;
  readonly description: Description;
}

/** A connection of two streams. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** What `connect` was given as the description; operators give `{ op: "map" }` and the like. */
  readonly description: unknown;
  /** Does the source close when this sink refuses a message? */
  readonly upstream: boolean;
  /** Does the sink close when the source is drained? */
  readonly downstream: boolean;
  /** Milliseconds the sink may take to accept one message; absent if there is no limit. */
  readonly timeout?: number;
}

/** Streams and their connections. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** A stream itself, behind all views of it. */
export type Vertex = CoreSource<unknown> | CoreSink<never>;

const handles = new WeakMap<Vertex, WeakRef<Source<unknown> | Sink<never>>>();

/**
 * A reference that does not keep a stream alive: always the same one for a stream, and for all views of it.
 *
 * @see Source: `manifold.stream.core/weakHandle`.
 */
export function weakHandle(stream: Source<unknown> | Sink<never>): WeakRef<Source<unknown> | Sink<never>> {
  const [vertex] = verticesOf(stream);
  const known = handles.get(vertex);
  if (known !== undefined) return known;
  const handle = new WeakRef<Source<unknown> | Sink<never>>(vertex);
  handles.set(vertex, handle);
  return handle;
}

/**
 * Describes the graph that is reached downstream from some streams: each stream once, with its state at this moment, and
 * each connection. Operators show as connections; consumers, which are functions, as streams of type "callback".
 *
 * @param roots Streams of the kit, and foreign ones that are connected; a stream that is not reached from them is not seen,
 *   as connections are known to their source only.
 * @throws {NotConvertibleError} code `RING_NOT_CONVERTIBLE`, for a root that is none of these.
 * @example
 * const numbers = stream<number>(10);
 * const doubled = map((n: number) => n * 2, numbers);
 * console.log(toDot(describeGraph(numbers)));
 */
export function describeGraph(...roots: readonly unknown[]): Graph {
  return graphOf(roots, (_vertex, place) => `n${place}`).graph;
}

/** The same, with ids of one's own, and the streams themselves in the order of the nodes. */
export function graphOf(
  roots: readonly unknown[],
  idOf: (vertex: Vertex, place: number) => string,
): { readonly graph: Graph; readonly vertices: readonly Vertex[] } {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const found = new Map<Vertex, GraphNode>();
  const visit = (vertex: Vertex): GraphNode => {
    const known = found.get(vertex);
    if (known !== undefined) return known;
    const description = vertex.description();
    const node: GraphNode = { id: idOf(vertex, nodes.length + 1), type: description.type, description };
    nodes.push(node);
    found.set(vertex, node);
    return node;
  };
  for (const root of roots) verticesOf(root).forEach(visit);
  // The map grows while it is walked: what an edge leads to is walked later, and only once.
  for (const [vertex, { id }] of found) {
    for (const connection of connectionsOf(vertex)) {
      const { id: to } = visit(destinationOf(connection.sink));
      const { description, upstream, downstream, timeout } = connection;
      edges.push({ from: id, to, description, upstream, downstream, ...(timeout === undefined ? {} : { timeout }) });
    }
  }
  return { graph: { nodes, edges }, vertices: [...found.keys()] };
}

/** The stream, or (of a splice) the two streams, behind what somebody holds. */
export function verticesOf(root: unknown): [Vertex, ...Vertex[]] {
  if (root instanceof Splice) return [sourceItself(root), sinkItself(root.sinkHalf)];
  if (root instanceof CoreSource) return [sourceItself(root)];
  const known = [knownSource(root), knownSink(root)].filter((half) => half !== undefined);
  const [first, ...rest] = known.length > 0 ? known : isVertex(root) ? [sinkItself(root)] : [];
  if (first === undefined) throw new NotConvertibleError(root, "a part of a stream graph: it is not connected");
  return [first, ...rest];
}

const isVertex = (x: unknown): x is CoreSink<never> =>
  typeof x === "object" && x !== null && "offer" in x && "description" in x;

/** The source that a view shares its connections with. */
const sourceItself = (source: CoreSource<unknown>): Vertex => source.origin as CoreSource<unknown>;

function sinkItself(sink: CoreSink<never>): Vertex {
  let half: CoreSink<never> = sink;
  while (half instanceof SinkView || half instanceof Splice) half = half.sinkHalf;
  return half instanceof CoreSource ? sourceItself(half) : half;
}

/** Where a connection leads to: through a callback, to the stream that the callback feeds. */
function destinationOf(sink: CoreSink<never>): Vertex {
  return sinkItself(sink instanceof CallbackSink ? (sink.target ?? sink) : sink);
}

function connectionsOf(vertex: Vertex): readonly Connection<never>[] {
  if (!(vertex instanceof CoreSource)) return [];
  return (vertex.origin.pump?.connections ?? []) as readonly Connection<never>[];
}

/**
 * A graph as text for Graphviz.
 *
 * @example
 * writeFileSync("streams.dot", toDot(describeGraph(source))); // dot -Tsvg streams.dot
 */
export function toDot(graph: Graph): string {
  const quote = (lines: readonly string[]): string =>
    `"${lines.map((line) => line.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", " ")).join("\\n")}"`;
  const style = (node: GraphNode): string => (isEnded(node) ? ", style=dashed, fontcolor=gray40" : "");
  return [
    "digraph streams {",
    "  rankdir=LR;",
    "  node [shape=box];",
    ...graph.nodes.map((node) => `  ${node.id} [label=${quote(linesOf(node))}${style(node)}];`),
    ...graph.edges.map((edge) => {
      const lines = labelOf(edge);
      return `  ${edge.from} -> ${edge.to}${lines.length === 0 ? "" : ` [label=${quote(lines)}]`};`;
    }),
    "}",
    "",
  ].join("\n");
}

/**
 * A graph as a Mermaid flow chart, which Markdown viewers draw in place.
 *
 * @example
 * console.log(toMermaid(describeGraph(source)));
 */
export function toMermaid(graph: Graph): string {
  const escaped = (character: string): string => `#${character.charCodeAt(0)};`;
  const quote = (lines: readonly string[]): string =>
    `"${lines.map((line) => line.replaceAll(/["#&<>`]/g, escaped).replaceAll("\n", " ")).join("<br/>")}"`;
  const ended = graph.nodes.filter(isEnded).map((node) => node.id);
  return [
    "flowchart LR",
    ...graph.nodes.map((node) => `  ${node.id}[${quote(linesOf(node))}]`),
    ...graph.edges.map((edge) => {
      const lines = labelOf(edge);
      return `  ${edge.from} -->${lines.length === 0 ? "" : `|${quote(lines)}|`} ${edge.to}`;
    }),
    ...(ended.length === 0 ? [] : ["  classDef ended stroke-dasharray: 4", `  class ${ended.join(",")} ended`]),
    "",
  ].join("\n");
}

const isEnded = ({ description }: GraphNode): boolean =>
  description.isClosed === true || description.isDrained === true;

/** What is written into the box of a stream. */
function linesOf({ type, description }: GraphNode): string[] {
  const { name, bufferSize, bufferCapacity = 0, pendingPuts = 0, pendingTakes = 0 } = description;
  const lines = [typeof name === "string" ? name : type];
  if (bufferSize !== undefined && bufferCapacity > 0) {
    lines.push(`buffer ${bufferSize}/${bufferCapacity === Number.POSITIVE_INFINITY ? "∞" : bufferCapacity}`);
  }
  if (pendingPuts > 0) lines.push(`pending puts ${pendingPuts}`);
  if (pendingTakes > 0) lines.push(`pending takes ${pendingTakes}`);
  if (description.isPermanent === true) lines.push("permanent");
  if (description.isDrained === true) lines.push("drained");
  else if (description.isClosed === true) lines.push("closed");
  return lines;
}

/** What is written beside a connection: its description, and the options that are not the default. */
export function labelOf({ description, upstream, downstream, timeout }: GraphEdge): string[] {
  const lines = description === undefined ? [] : [nameOf(description)];
  if (upstream) lines.push("closes upstream");
  if (!downstream) lines.push("leaves downstream open");
  if (timeout !== undefined) lines.push(`timeout ${timeout} ms`);
  return lines;
}

function nameOf(description: unknown): string {
  if (typeof description === "string") return description;
  const op = (description as { readonly op?: unknown } | null)?.op;
  return typeof op === "string" ? op : inspect(description, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
}
