import { spawnSync } from "node:child_process";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import {
  batch,
  close,
  connect,
  consume,
  describeGraph,
  droppingStream,
  filter,
  type Graph,
  map,
  put,
  sinkOnly,
  sourceOnly,
  splice,
  stream,
  streamOf,
  take,
  toDot,
  toMermaid,
  toSource,
  weakHandle,
  zip,
} from "../../src/stream/index.js";
import { describeWith, findProgram } from "../needs.js";
import { rest } from "./kit.js";

/** A stream with a name, by which the tests tell it from others. */
const named = (name: string, bufferSize = 0) =>
  streamOf<number>({ bufferSize, description: (description) => ({ ...description, name }) });

/** The edges of a graph, by names: "a -map-> b". */
function edgesOf({ nodes, edges }: Graph): string[] {
  const nameOf = (id: string): string => {
    const node = nodes.find((candidate) => candidate.id === id);
    return (node?.description.name ?? node?.type) as string;
  };
  return edges.map(({ from, to, description }) => {
    const op = ((description as { op?: string } | undefined)?.op ?? description) as string | undefined;
    return `${nameOf(from)} -${op === undefined ? "" : `${op}-`}> ${nameOf(to)}`;
  });
}

describe("describeGraph", () => {
  it("finds what is downstream, operators as connections", () => {
    const numbers = named("numbers");
    const even = named("even");
    connect(
      filter(
        (n: number) => n % 2 === 0,
        map((n: number) => n + 1, numbers),
      ),
      even,
    );
    expect(edgesOf(describeGraph(numbers))).toEqual([
      "numbers -map-> manifold",
      "manifold -filter-> manifold",
      "manifold -> even",
    ]);
  });

  it("describes a lone stream", () => {
    const lone = stream(3);
    put(lone, 1);
    const { nodes, edges } = describeGraph(lone);
    expect(edges).toEqual([]);
    expect(nodes).toEqual([
      { id: "n1", type: "manifold", description: expect.objectContaining({ bufferSize: 1, bufferCapacity: 3 }) },
    ]);
  });

  it("tells what waits, and what is closed and drained, at this moment", () => {
    const [puts, takes, closed, drained] = [named("puts"), named("takes"), named("closed", 1), named("drained")];
    put(puts, 1);
    put(puts, 2);
    void take(takes);
    put(closed, 1);
    close(closed);
    close(drained);
    const { nodes } = describeGraph(puts, takes, closed, drained);
    expect(nodes.map(({ description }) => description)).toMatchObject([
      { name: "puts", pendingPuts: 2, isClosed: false },
      { name: "takes", pendingTakes: 1 },
      { name: "closed", isClosed: true, isDrained: false, bufferSize: 1 },
      { name: "drained", isClosed: true, isDrained: true },
    ]);
  });

  it("tells the options of a connection", () => {
    const [from, first, second] = [named("from"), named("first"), named("second")];
    connect(from, first);
    connect(from, second, { upstream: true, downstream: false, timeout: 100, description: "slow" });
    expect(describeGraph(from).edges).toEqual([
      { from: "n1", to: "n2", description: undefined, upstream: false, downstream: true },
      { from: "n1", to: "n3", description: "slow", upstream: true, downstream: false, timeout: 100 },
    ]);
  });

  it("names a shared sink once, and both arms of a diamond", () => {
    const [top, left, right, bottom] = [named("top"), named("left"), named("right"), named("bottom")];
    connect(top, left);
    connect(top, right);
    connect(left, bottom);
    connect(right, bottom);
    const graph = describeGraph(top);
    expect(graph.nodes).toHaveLength(4);
    expect(edgesOf(graph)).toEqual(["top -> left", "top -> right", "left -> bottom", "right -> bottom"]);
  });

  it("names a pair that is connected twice with both connections", () => {
    const [from, to] = [named("from"), named("to")];
    connect(from, to);
    connect(from, to, { description: "again" });
    expect(edgesOf(describeGraph(from))).toEqual(["from -> to", "from -again-> to"]);
  });

  it("ends where it began in a cycle", () => {
    const [a, b] = [named("a"), named("b")];
    connect(a, b);
    connect(b, a);
    expect(edgesOf(describeGraph(a))).toEqual(["a -> b", "b -> a"]);
    const loop = named("loop");
    connect(loop, loop);
    expect(edgesOf(describeGraph(loop))).toEqual(["loop -> loop"]);
  });

  it("joins what several roots have in common, and takes the same root twice", () => {
    const [a, b, both] = [named("a"), named("b"), named("both")];
    connect(a, both);
    connect(b, both);
    expect(edgesOf(describeGraph(a, b, a, both))).toEqual(["a -> both", "b -> both"]);
    expect(describeGraph(a, b, a, both).nodes).toHaveLength(3);
    expect(describeGraph()).toEqual({ nodes: [], edges: [] });
  });

  it("sees through views to the stream itself", () => {
    const [from, to] = [named("from"), named("to")];
    connect(sourceOnly(sourceOnly(from)), sinkOnly(to));
    for (const root of [from, sourceOnly(from)]) {
      expect(edgesOf(describeGraph(root, to, sinkOnly(to)))).toEqual(["from -> to"]);
    }
  });

  it("sees the halves of a splice as the streams that they are", () => {
    const [from, incoming, outgoing, to] = [named("from"), named("in"), named("out"), named("to")];
    const duplex = splice(incoming, outgoing);
    connect(from, duplex);
    connect(duplex, to);
    expect(edgesOf(describeGraph(from, duplex))).toEqual(["from -> in", "out -> to"]);
    const dropping = droppingStream<number>(2);
    connect(dropping, to);
    expect(edgesOf(describeGraph(dropping)).toSorted()).toEqual([
      "manifold -> to",
      "manifold -dropping-stream-> manifold",
    ]);
  });

  it("shows operators that gather, through to their result", () => {
    const [a, b, to] = [named("a"), named("b"), stream<unknown>()];
    connect(batch(2, zip(a, b)), to);
    expect(edgesOf(describeGraph(a, b))).toEqual([
      "a -zip-> manifold",
      "b -zip-> manifold",
      "manifold -batch-> manifold",
      "manifold -> manifold",
    ]);
  });

  it("shows consumers as ends, and foreign streams that are connected", async () => {
    const from = named("from");
    const through = new PassThrough({ objectMode: true });
    const to = named("to");
    void consume(() => {}, from);
    connect(from, through);
    connect(through, to);
    expect(edgesOf(describeGraph(from, through))).toEqual(["from -> callback", "from -> node", "node -> to"]);
    expect(edgesOf(describeGraph(toSource(through)))).toEqual(["node -> to"]);
    through.end();
    await rest();
    expect(edgesOf(describeGraph(through))).toEqual([]);
  });

  it("needs no stack for a line of a hundred thousand streams", () => {
    const first = stream<number>();
    let last = first;
    for (let i = 0; i < 100_000; i++) {
      const next = stream<number>();
      connect(last, next);
      last = next;
    }
    expect(describeGraph(first).edges).toHaveLength(100_000);
  });

  it.each([
    ["a string", "text"],
    ["nothing", undefined],
    ["a foreign stream that is not connected", new PassThrough()],
  ])("refuses %s", (_name, root) => {
    expect(() => describeGraph(root)).toThrow(expect.objectContaining({ code: "RING_NOT_CONVERTIBLE" }));
  });

  it("leaves the streams alone", () => {
    const from = stream<number>();
    const waiting = put(from, 1);
    describeGraph(from);
    expect(waiting.isRealized).toBe(false);
  });
});

/** A graph with everything that is drawn, and with names that have to be escaped. */
function drawn(): Graph {
  const from = named(`a "b" <c> \\d\n#e\``, 10);
  const to = named("to");
  put(from, 1);
  connect(
    map((n: number) => n, from),
    to,
    { upstream: true, downstream: false, timeout: 5, description: { kind: "slow" } },
  );
  void put(to, 2);
  const [closed, drained] = [named("closed", 1), named("drained")];
  put(closed, 1);
  close(closed);
  close(drained);
  return describeGraph(from, stream(Number.POSITIVE_INFINITY), streamOf({ permanent: true }), closed, drained);
}

describe("toDot", () => {
  it("draws streams with their state, and connections with what differs from the default", () => {
    expect(toDot(drawn())).toBe(`digraph streams {
  rankdir=LR;
  node [shape=box];
  n1 [label="a \\"b\\" <c> \\\\d #e\`\\nbuffer 0/10\\npending takes 1"];
  n2 [label="manifold\\nbuffer 0/∞"];
  n3 [label="manifold\\npermanent"];
  n4 [label="closed\\nbuffer 1/1\\nclosed", style=dashed, fontcolor=gray40];
  n5 [label="drained\\ndrained", style=dashed, fontcolor=gray40];
  n6 [label="manifold"];
  n7 [label="to\\npending puts 2"];
  n1 -> n6 [label="map"];
  n6 -> n7 [label="{ kind: 'slow' }\\ncloses upstream\\nleaves downstream open\\ntimeout 5 ms"];
}
`);
  });

  it("draws an empty graph", () => {
    expect(toDot(describeGraph())).toBe("digraph streams {\n  rankdir=LR;\n  node [shape=box];\n}\n");
  });

  describeWith("dot", findProgram("dot"), "is understood by Graphviz,", (dot) => {
    it("which draws every stream and connection", () => {
      const { status, stdout, stderr } = spawnSync(dot, ["-Tplain"], { input: toDot(drawn()), encoding: "utf8" });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      const lines = stdout.split("\n");
      expect(lines.filter((line) => line.startsWith("node "))).toHaveLength(7);
      expect(lines.filter((line) => line.startsWith("edge "))).toHaveLength(2);
      expect(stdout).toContain(`a \\"b\\" <c> \\\\d #e\``);
    });
  });
});

describe("toMermaid", () => {
  it("draws the same as a flow chart", () => {
    expect(toMermaid(drawn())).toBe(`flowchart LR
  n1["a #34;b#34; #60;c#62; \\d #35;e#96;<br/>buffer 0/10<br/>pending takes 1"]
  n2["manifold<br/>buffer 0/∞"]
  n3["manifold<br/>permanent"]
  n4["closed<br/>buffer 1/1<br/>closed"]
  n5["drained<br/>drained"]
  n6["manifold"]
  n7["to<br/>pending puts 2"]
  n1 -->|"map"| n6
  n6 -->|"{ kind: 'slow' }<br/>closes upstream<br/>leaves downstream open<br/>timeout 5 ms"| n7
  classDef ended stroke-dasharray: 4
  class n4,n5 ended
`);
  });

  it("draws an empty graph", () => {
    expect(toMermaid(describeGraph())).toBe("flowchart LR\n");
  });
});

describe("weakHandle", () => {
  it("is one reference for a stream, kept with it, and for its views", () => {
    const from = stream();
    const handle = weakHandle(from);
    expect(handle.deref()).toBe(from);
    expect([from, sourceOnly(from), sinkOnly(from)].map(weakHandle)).toEqual([handle, handle, handle]);
    expect([from, sourceOnly(from), sinkOnly(from)].every((view) => weakHandle(view) === handle)).toBe(true);
    expect(weakHandle(stream())).not.toBe(handle);
  });
});
