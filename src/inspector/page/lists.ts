/** The page's script, third part: websockets, stacks, requests, and the look at the server once a second. */
export const LISTS: string = String.raw`
function drawWebsockets(websockets, rates) {
  $("websockets-count").textContent = websockets.length + " open";
  $("websockets").hidden = websockets.length === 0;
  $("no-websockets").hidden = websockets.length > 0;
  show($("websocket-rows"), websockets.map((one) => ({ ...one, age: span(one.age), rate: rateText(rates.get(one.node)) })), ({ node }) => node,
    ({ url, side, protocol, age, sending, received, rate }) => h("tr", {},
      h("td", { class: "mono" }, url), h("td", {}, side === "server" ? "a client" : "this process"), h("td", {}, protocol || "none"),
      h("td", { class: "number" }, age), h("td", { class: "number" }, rate),
      h("td", { class: "number" }, String(received)), h("td", { class: "number" }, String(sending))));
}

function stackList({ parts, routes }) {
  const list = h("ol", { class: "parts" }, parts.map((part, at) =>
    h("li", { class: at === parts.length - 1 ? "last" : undefined }, part)));
  if (routes.length === 0) return [list];
  return [list, h("ul", { class: "routes" }, routes.map(({ route, stack }) =>
    h("li", {}, h("p", { class: "where mono" }, route), ...stackList(stack))))];
}

function layerList(layers) {
  return h("ol", { class: "layers" }, layers.map(({ name, stack, layers: inner }) =>
    h("li", {}, h("code", {}, name), stack && stackList(stack), inner && layerList(inner))));
}

function drawStacks({ mounts, express }) {
  const rows = mounts.map(({ where, stack }) => ({ where: where || "not asked yet", stack }));
  $("stacks-count").textContent = "outermost first";
  $("stacks").hidden = rows.length === 0;
  show($("stacks"), rows, (row) => JSON.stringify(row), ({ where, stack }) =>
    h("div", { class: "stack" }, h("p", { class: "where mono" }, where), ...stackList(stack)));
  $("express").hidden = express.length === 0;
  show($("layers"), [express], () => "app", (layers) => layerList(layers));
}

const bar = (from, length, total, kind) => {
  const mark = h("i", { class: kind });
  mark.style.left = (100 * from) / total + "%";
  mark.style.width = Math.min(100 - (100 * from) / total, (100 * length) / total) + "%";
  return mark;
};

function partRow({ name, depth, start, duration, own, hasFailed }, total) {
  const label = h("td", { class: "mono" }, name, hasFailed && h("span", { class: "bad" }, " failed"));
  label.style.paddingLeft = 16 + depth * 14 + "px";
  const length = duration === undefined ? total - start : duration;
  return h("tr", {}, label, h("td", { class: "number" }, ms(own)), h("td", { class: "number soft" }, ms(duration)),
    h("td", { class: "track-cell" }, h("div", { class: "track", "aria-hidden": "true" },
      bar(start, length, total, hasFailed ? "failed" : undefined), own !== undefined && !hasFailed && bar(start, own, total, "own"))));
}

function partTable({ parts, duration }) {
  if (parts.length === 0) {
    return empty("The parts of its stack were not measured; build it inside inspected(() => ...).");
  }
  const ends = parts.map((part) => part.start + (part.duration || 0));
  const total = Math.max(duration || 0, ...ends, 0.01);
  const answered = Math.max(...ends);
  const rows = parts.map((part) => partRow(part, total));
  if (duration !== undefined && duration - answered > 0.005) {
    rows.push(partRow({ name: "(sending)", depth: 0, start: answered, duration: duration - answered, own: duration - answered }, total));
  }
  return h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Part"), h("th", { scope: "col", class: "number" }, "Own time"),
    h("th", { scope: "col", class: "number" }, "With inner"), h("th", { scope: "col" }, "When"))), h("tbody", {}, rows));
}

function requestRow(request, slowest) {
  const { method, path, route, at, duration, status, isComplete, error, parts } = request;
  const isOpen = duration === undefined;
  const kind = error || status >= 500 || isComplete === false ? "bad" : status >= 400 ? "soft" : "good";
  const word = isOpen ? "open" : status === undefined ? "left" : String(status);
  const track = h("div", { class: "track", "aria-hidden": "true" });
  if (!isOpen) track.append(bar(0, duration, slowest, kind === "bad" ? "failed" : "own"));
  return h("details", { class: "request" }, h("summary", {},
    h("span", { class: "at" }, new Date(at).toTimeString().slice(0, 8)),
    h("span", { class: "what" }, h("b", {}, method), path, route && route !== path && h("i", {}, "  " + route)),
    h("span", { class: "status " + kind }, word), h("span", { class: "took" }, ms(duration)), track),
    h("div", { class: "detail scroll" },
      error && h("p", { class: "empty bad" }, error),
      isComplete === false && h("p", { class: "empty bad" }, "The answer was not sent as a whole."), partTable(request)));
}

function drawRequests(requests) {
  const slowest = Math.max(1, ...requests.map(({ duration }) => duration || 0));
  // In steps, so that rows need not be made anew for each one that is slower.
  const power = 10 ** Math.floor(Math.log10(slowest));
  const scale = power * [1, 2, 5, 10].find((step) => step * power >= slowest);
  $("requests-count").textContent = "the last " + requests.length + ", bars up to " + ms(scale);
  $("no-requests").hidden = requests.length > 0;
  show($("requests"), requests.map((request) => ({ ...request, scale })), ({ id }) => id, (request) => requestRow(request, scale));
}

let isPaused = false;
let asked = 0;
let lastRequests;
async function look() {
  const mine = ++asked;
  try {
    const response = await fetch(location.pathname.replace(/\/$/, "") + "/data", { cache: "no-store" });
    if (!response.ok) throw new Error(String(response.status));
    const data = await response.json();
    if (mine !== asked) return;
    const rates = ratesOf(data.streams, data.now);
    const { requests, uptime } = data.totals;
    $("total-requests").textContent = String(requests);
    if (lastRequests !== undefined) $("request-rate").textContent = rateText((requests - lastRequests.requests) / ((data.now - lastRequests.now) / 1000));
    lastRequests = { requests, now: data.now };
    $("uptime").textContent = span(uptime);
    drawGraph(data.streams, rates);
    drawWebsockets(data.websockets, rates);
    drawStacks(data);
    drawRequests(data.requests);
    $("lost").textContent = "";
    document.body.dataset.looks = String(Number(document.body.dataset.looks || 0) + 1);
  } catch {
    if (mine === asked) $("lost").textContent = "The server does not answer; trying again";
  }
}
$("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  $("pause").textContent = isPaused ? "Go on" : "Pause";
  if (!isPaused) look();
});
setInterval(() => {
  if (!isPaused && !document.hidden) look();
}, 1000);
look();
`;
