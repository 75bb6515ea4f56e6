/** The graph of streams, and the open websockets, as a page can show them. */

import type { WebsocketEvent } from "../ring/diagnostics/events.js";
import { labelOf } from "../stream/graph.js";
import type { GraphEdge, StreamWatch, WatchedNode } from "../stream/index.js";

export interface StreamNode {
  readonly id: string;
  readonly label: string;
  readonly type: string;
  readonly buffered: number;
  /** "∞" is no JSON number. */
  readonly capacity: number | "∞";
  readonly puts: number;
  readonly takes: number;
  /** Since it was made; null for what only takes them. */
  readonly messages: number | null;
  readonly isClosed: boolean;
}

export interface StreamEdge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

export interface StreamGraph {
  readonly nodes: readonly StreamNode[];
  readonly edges: readonly StreamEdge[];
  /** Streams that are left out, because there are so many. */
  readonly omitted: number;
}

export interface OpenWebsocket {
  /** Of the node that stands for it. */
  readonly node: string;
  readonly url: string;
  readonly side: WebsocketEvent["side"];
  readonly protocol: string;
  /** Milliseconds. */
  readonly age: number;
  /** Messages that wait to be sent, and that were received and not taken. */
  readonly sending: number;
  readonly received: number;
}

/** Streams that are drawn: more of them nobody can tell apart. */
const MOST_NODES = 150;
const LONGEST_LABEL = 60;

export function streamGraph(watch: StreamWatch, websockets: Iterable<WebsocketEvent>): StreamGraph {
  const { nodes, edges } = watch.graph();
  const names = new Map<string, string>();
  for (const { websocket, url } of websockets) {
    for (const id of watch.idsOf(websocket)) names.set(id, url);
  }
  const connected = new Set(edges.flatMap(({ from, to }) => [from, to]));
  // What is connected tells most, and of the rest what is new.
  const first = [
    ...nodes.filter(({ id }) => connected.has(id)),
    ...nodes.filter(({ id }) => !connected.has(id)).toReversed(),
  ];
  const chosen = first.slice(0, MOST_NODES);
  const ids = new Set(chosen.map(({ id }) => id));
  return {
    nodes: chosen.map((node) => shownNode(node, names.get(node.id))),
    edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)).map(shownEdge),
    omitted: nodes.length - chosen.length,
  };
}

/** Of its description only what is a number, and its name: headers of a handshake are in there, too. */
function shownNode({ id, type, description, messages }: WatchedNode, url: string | undefined): StreamNode {
  const { bufferSize = 0, bufferCapacity = 0, pendingPuts = 0, pendingTakes = 0, isClosed = false } = description;
  const { name } = description;
  return {
    id,
    label: (url ?? (typeof name === "string" ? name : type)).slice(0, LONGEST_LABEL),
    type,
    buffered: bufferSize,
    capacity: bufferCapacity === Number.POSITIVE_INFINITY ? "∞" : bufferCapacity,
    puts: pendingPuts,
    takes: pendingTakes,
    messages: messages ?? null,
    isClosed,
  };
}

function shownEdge(edge: GraphEdge): StreamEdge {
  const { from, to } = edge;
  return { from, to, label: labelOf(edge).join(", ").slice(0, LONGEST_LABEL) };
}

export function openWebsockets(watch: StreamWatch, websockets: Iterable<WebsocketEvent>): OpenWebsocket[] {
  const now = performance.now();
  return [...websockets].slice(-MOST_NODES).map(({ websocket, url, side, startTime }): OpenWebsocket => {
    const { sink, source } = websocket.description() as unknown as Record<
      "sink" | "source",
      { readonly pendingPuts?: number; readonly bufferSize?: number }
    >;
    return {
      node: watch.idsOf(websocket)[0] ?? "",
      url,
      side,
      protocol: websocket.protocol,
      age: now - startTime,
      sending: sink.pendingPuts ?? 0,
      received: (source.bufferSize ?? 0) + (source.pendingPuts ?? 0),
    };
  });
}
