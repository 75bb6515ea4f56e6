/** The graph of conversions as plain data, and drawn. */

import { graph } from "./conversions.js";

/** A conversion, with its types by name. */
export interface ConversionEdge {
  readonly from: string;
  readonly to: string;
  readonly cost: number;
  /** Has it to wait for its result? */
  readonly async: boolean;
}

/** Types and conversions. */
export interface ConversionGraph {
  readonly types: readonly string[];
  readonly conversions: readonly ConversionEdge[];
}

/**
 * All types that conversions were defined for, and the conversions between them: those that were defined, and those that
 * every collection has. Conversions of elements, which sequences and streams have as well, are not repeated.
 *
 * @example
 * conversionGraph().conversions.find(({ from, to }) => from === "bytes" && to === "blob");
 * // => { from: "bytes", to: "blob", cost: 1, async: false }
 */
export function conversionGraph(): ConversionGraph {
  const nodes = new Set(graph.edges.flatMap(({ from, to }) => [from, to]));
  const edges = new Set(graph.edges);
  for (const node of nodes) {
    if (node.element === undefined) continue;
    for (const edge of graph.outgoing(node))
      if (edge.to.element === node.element && nodes.has(edge.to)) edges.add(edge);
  }
  return {
    types: [...nodes].map(({ name }) => name),
    conversions: [...edges].map(({ from, to, cost, isSync }) => ({
      from: from.name,
      to: to.name,
      cost,
      async: !isSync,
    })),
  };
}

/**
 * The graph of conversions as text for Graphviz: costs beside the arrows, dashed where a conversion has to wait.
 *
 * @example
 * writeFileSync("conversions.dot", toDot()); // dot -Tsvg conversions.dot
 */
export function toDot(conversions: ConversionGraph = conversionGraph()): string {
  const quote = (name: string): string => `"${name.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", " ")}"`;
  return [
    "digraph conversions {",
    "  rankdir=LR;",
    "  node [shape=box];",
    ...conversions.types.map((name) => `  ${quote(name)};`),
    ...conversions.conversions.map(
      ({ from, to, cost, async }) =>
        `  ${quote(from)} -> ${quote(to)} [label="${cost}"${async ? ", style=dashed" : ""}];`,
    ),
    "}",
    "",
  ].join("\n");
}
