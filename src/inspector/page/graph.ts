/** The page's script, second part: the graph of streams, in layers from left to right. */
export const GRAPH: string = String.raw`
const BOX = { width: 172, height: 66, across: 84, down: 18 };

/** Messages per second of each node, from two looks at how many there were. */
let counted = new Map();
let countedAt = 0;
function ratesOf({ nodes, edges }, now) {
  const seconds = (now - countedAt) / 1000;
  const rates = new Map();
  const counts = new Map();
  for (const { id, messages } of nodes) {
    if (messages === null) continue;
    counts.set(id, messages);
    if (counted.has(id) && seconds > 0) rates.set(id, (messages - counted.get(id)) / seconds);
  }
  for (const { id, messages } of nodes) {
    if (messages !== null) continue;
    const feeding = edges.filter(({ to }) => to === id).map(({ from }) => rates.get(from));
    if (feeding.some((rate) => rate !== undefined)) rates.set(id, feeding.reduce((sum, rate) => sum + (rate || 0), 0));
  }
  counted = counts;
  countedAt = now;
  return rates;
}

/** Each node right of all that feed it; where they go in circles, right of those that came first. */
function layersOf(nodes, edges) {
  const layer = new Map();
  const next = new Map(nodes.map(({ id }) => [id, edges.filter(({ from, to }) => from === id && to !== id)]));
  const open = new Set();
  const order = [];
  const visit = (id) => {
    if (layer.has(id)) return;
    layer.set(id, 0);
    open.add(id);
    for (const { to } of next.get(id)) if (!open.has(to)) visit(to);
    open.delete(id);
    order.unshift(id);
  };
  const isFed = new Set(edges.filter(({ from, to }) => from !== to).map(({ to }) => to));
  for (const { id } of nodes) if (!isFed.has(id)) visit(id);
  for (const { id } of nodes) visit(id);
  const place = new Map(order.map((id, at) => [id, at]));
  for (const id of order) {
    for (const { to } of next.get(id)) {
      if (place.get(to) > place.get(id)) layer.set(to, Math.max(layer.get(to), layer.get(id) + 1));
    }
  }
  return layer;
}

/** The parts of a graph that hang together. */
function partsOf(nodes, edges) {
  const part = new Map(nodes.map(({ id }) => [id, id]));
  const find = (id) => {
    while (part.get(id) !== id) id = part.get(id);
    return id;
  };
  for (const { from, to } of edges) part.set(find(from), find(to));
  const groups = new Map();
  for (const node of nodes) {
    const key = find(node.id);
    groups.set(key, [...(groups.get(key) || []), node]);
  }
  return [...groups.values()];
}

function positionsOf(nodes, edges) {
  const positions = new Map();
  let top = 12;
  let width = 0;
  const linked = new Set(edges.flatMap(({ from, to }) => [from, to]));
  for (const group of partsOf(nodes.filter(({ id }) => linked.has(id)), edges)) {
    const ids = new Set(group.map(({ id }) => id));
    const own = edges.filter(({ from }) => ids.has(from));
    const layer = layersOf(group, own);
    const columns = [];
    for (const { id } of group) (columns[layer.get(id)] ||= []).push(id);
    const row = new Map();
    columns.forEach((column, at) => {
      const wish = (id) => {
        const rows = own.filter(({ from, to }) => to === id && row.has(from)).map(({ from }) => row.get(from));
        return rows.length === 0 ? 1e6 : rows.reduce((sum, one) => sum + one, 0) / rows.length;
      };
      const sorted = at === 0 ? column : column.map((id) => [wish(id), id]).sort(([a], [b]) => a - b).map(([, id]) => id);
      sorted.forEach((id, place) => row.set(id, place));
    });
    const tallest = Math.max(...columns.map((column) => column.length));
    const tall = (count) => count * (BOX.height + BOX.down) - BOX.down;
    columns.forEach((column, at) => {
      const offset = (tall(tallest) - tall(column.length)) / 2;
      for (const id of column) {
        positions.set(id, { x: 14 + at * (BOX.width + BOX.across), y: top + offset + row.get(id) * (BOX.height + BOX.down) });
      }
    });
    width = Math.max(width, columns.length * (BOX.width + BOX.across) - BOX.across);
    top += tall(tallest) + 26;
  }
  const single = nodes.filter(({ id }) => !linked.has(id));
  const perRow = 6;
  single.forEach(({ id }, at) => {
    const x = 14 + (at % perRow) * (BOX.width + 24);
    positions.set(id, { x, y: top + Math.floor(at / perRow) * (BOX.height + BOX.down) });
    width = Math.max(width, x + BOX.width - 14);
  });
  if (single.length > 0) top += Math.ceil(single.length / perRow) * (BOX.height + BOX.down);
  return { positions, width: width + 28, height: top };
}

function nodeBox(node, { x, y }, rate) {
  const { label, type, buffered, capacity, puts, takes, isClosed } = node;
  const isFull = typeof capacity === "number" && capacity > 0 && buffered >= capacity;
  const state = ["node", rate > 0 && "moving", puts > 0 && "waiting", isFull && "full", isClosed && "closed"];
  const share = typeof capacity === "number" && capacity > 0 ? Math.min(1, buffered / capacity) : buffered > 0 ? 0.5 : 0;
  const room = BOX.width - 20;
  const waits = [puts > 0 && puts + (puts === 1 ? " put waits" : " puts wait"), takes > 0 && takes + (takes === 1 ? " take waits" : " takes wait")];
  const lines = [isClosed && "closed", ...waits].filter(Boolean);
  const below = lines.length > 0 ? lines.join(", ") : capacity === 0 || (capacity === "∞" && buffered === 0) ? (type === label ? "" : type) : "";
  const buffer = capacity === 0 ? "" : buffered + " of " + capacity;
  return s("g", { class: state.filter(Boolean).join(" "), transform: "translate(" + x + " " + y + ")" },
    s("title", {}, [label, type, buffer && "buffer " + buffer, ...lines, rateText(rate)].filter(Boolean).join(", ")),
    s("rect", { class: "box", width: BOX.width, height: BOX.height, rx: 7 }),
    s("text", { class: "label", x: 10, y: 20 }, short(label === "manifold" ? "stream" : label, 16)),
    s("text", { class: "rate", x: BOX.width - 10, y: 20 }, rateText(rate)),
    capacity !== 0 && s("rect", { class: "room", x: 10, y: 29, width: room, height: 6, rx: 3 }),
    capacity !== 0 && share > 0 && s("rect", { class: "fill", x: 10, y: 29, width: Math.max(4, room * share), height: 6, rx: 3 }),
    s("text", { class: "soft", x: 10, y: 53 }, short(below === "manifold" ? "no buffer" : below, 22)),
    s("text", { class: "soft", x: BOX.width - 10, y: 53, "text-anchor": "end" }, buffer),
  );
}

function edgeLine({ from, to, label }, positions, rate) {
  const a = positions.get(from);
  const b = positions.get(to);
  const y1 = a.y + BOX.height / 2;
  const y2 = b.y + BOX.height / 2;
  let d, at;
  if (from === to) {
    const x = a.x + BOX.width;
    d = "M" + x + " " + (y1 - 10) + " C" + (x + 46) + " " + (y1 - 34) + " " + (x + 46) + " " + (y1 + 34) + " " + (x + 3) + " " + (y1 + 12);
    at = [x + 58, y1];
  } else if (b.x > a.x) {
    const [x1, x2] = [a.x + BOX.width, b.x - 4];
    const bend = Math.max(30, (x2 - x1) / 2);
    d = "M" + x1 + " " + y1 + " C" + (x1 + bend) + " " + y1 + " " + (x2 - bend) + " " + y2 + " " + x2 + " " + y2;
    at = [(x1 + x2) / 2, y1 === y2 ? y1 - 7 : (y1 + y2) / 2 + 4];
  } else {
    const [x1, x2] = [a.x + BOX.width / 2, b.x + BOX.width / 2];
    const low = Math.max(a.y, b.y) + BOX.height;
    d = "M" + x1 + " " + (a.y + BOX.height) + " C" + x1 + " " + (low + 34) + " " + x2 + " " + (low + 34) + " " + x2 + " " + (b.y + BOX.height + 4);
    at = [(x1 + x2) / 2, low + 24];
  }
  return s("g", { class: rate > 0 ? "edge moving" : "edge" },
    s("path", { d, "marker-end": "url(#arrow)" }), label !== "" && s("text", { x: at[0], y: at[1] }, short(label, 13)),
    label !== "" && s("title", {}, label));
}

function drawGraph(graph, rates) {
  const { nodes, edges, omitted } = graph;
  $("streams-count").textContent = nodes.length + (omitted > 0 ? " of " + (nodes.length + omitted) : "") + " streams, " + edges.length + " connections";
  if (nodes.length === 0) {
    $("graph").replaceChildren(empty("No streams yet. Those are shown that were made after the inspector."));
    $("stream-rows").replaceChildren();
    return;
  }
  const { positions, width, height } = positionsOf(nodes, edges);
  const name = new Map(nodes.map(({ id, label }) => [id, label]));
  // A little too wide is made narrower; what is much wider is scrolled.
  const fits = width <= 1.4 * $("graph").clientWidth;
  $("graph").replaceChildren(
    s("svg", { class: fits ? "fits" : undefined, width, height, viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": "Streams and their connections; the table below says the same in words." },
      s("defs", {}, s("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" },
        s("path", { d: "M0 0 L8 4 L0 8 z" }))),
      edges.map((edge) => edgeLine(edge, positions, rates.get(edge.from))),
      nodes.map((node) => nodeBox(node, positions.get(node.id), rates.get(node.id)))));
  show($("stream-rows"), nodes.map((node) => ({
    ...node, rate: rateText(rates.get(node.id)),
    feeds: edges.filter(({ from }) => from === node.id).map(({ to, label }) => (label ? label + " → " : "") + name.get(to)).join("; "),
  })), ({ id }) => id, (node) => h("tr", {},
    h("td", { class: "mono" }, node.label), h("td", {}, node.type), h("td", { class: "mono" }, node.feeds),
    h("td", { class: "number" }, node.capacity === 0 ? "none" : node.buffered + " of " + node.capacity),
    h("td", { class: "number" }, String(node.puts)), h("td", { class: "number" }, String(node.takes)),
    h("td", { class: "number" }, node.rate), h("td", {}, node.isClosed ? "closed" : "open")));
}
`;
