/** The page of the demo: every card talks to the server, and says "ok" only when it has seen an answer that proves it. */

const cards = document.querySelectorAll(".card");

for (const card of cards) {
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.textContent = card.dataset.waiting ?? "waiting";
  card.querySelector("header").append(badge);
}
document.querySelector("#summary span").textContent = cards.length;

function mark(id, status) {
  const card = document.getElementById(id);
  card.dataset.status = status;
  card.querySelector(".badge").textContent = status === "waiting" ? (card.dataset.waiting ?? status) : status;
  document.querySelector("#summary strong").textContent = document.querySelectorAll('.card[data-status="ok"]').length;
}

const find = (id, selector) => document.querySelector(`#${id} ${selector}`);

const show = (id, text) => {
  find(id, "output").textContent = text;
};

/** Does a card's work; what goes wrong is shown on the card. */
async function attempt(id, work) {
  try {
    await work();
  } catch (error) {
    mark(id, "failed");
    if (find(id, "output")) show(id, error.message);
    throw error;
  }
}

async function ask(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response;
}

/** An element with a class, and children that are elements or text. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

// --- An Express route

const visit = () =>
  attempt("visits", async () => {
    const { visits } = await (await ask("visits")).json();
    show("visits", visits);
    find("visits", ".figure span").textContent = visits === 1 ? "visit in this session" : "visits in this session";
    if (visits >= 1) mark("visits", "ok");
  });

onClick("visits", visit);
visit();

// --- A plain handler

const greet = () =>
  attempt("hello", async () => {
    const { name } = find("hello", "form").elements;
    const { greeting, request } = await (await ask(`hello/${encodeURIComponent(name.value)}`)).json();
    show("hello", greeting);
    find("hello", ".map").textContent = Object.entries(request)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      .join("\n");
    if (greeting === `Hello, ${name.value}!`) mark("hello", "ok");
  });

onSubmit("hello", greet);
greet();

// --- Three sources at once

const gather = () =>
  attempt("dashboard", async () => {
    const { sources, total } = await (await ask("dashboard")).json();
    const times = sources.map(({ milliseconds }) => milliseconds);
    const slowest = Math.max(...times);
    const inTurn = times.reduce((sum, time) => sum + time, 0);
    find("dashboard", ".bars").replaceChildren(
      ...sources.map(({ name, milliseconds }) => bar("", name, milliseconds, inTurn)),
      bar("together", "all together", total, inTurn),
      bar("in-turn", "one by one", inTurn, inTurn),
    );
    show("dashboard", `${total} ms, the slowest took ${slowest} ms`);
    if (total >= slowest && total - slowest < inTurn - total) mark("dashboard", "ok");
  });

function bar(className, name, milliseconds, scale) {
  const length = element("div", "bar");
  length.style.width = `${(100 * milliseconds) / scale}%`;
  return element(
    "li",
    className,
    element("span", "", name),
    element("div", "track", length),
    element("span", "time", `${milliseconds} ms`),
  );
}

onClick("dashboard", gather);
gather();

// --- A streamed response

const read = () =>
  attempt("words", async () => {
    const chunks = find("words", ".chunks");
    chunks.replaceChildren();
    show("words", "…");
    const since = performance.now();
    const arrivals = [];
    const { body } = await ask("words");
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      const time = Math.round(performance.now() - since);
      arrivals.push(time);
      chunks.append(element("li", "", value, element("small", "", time)));
    }
    const spread = arrivals.at(-1) - arrivals[0];
    show("words", `${arrivals.length} chunks in ${arrivals.at(-1)} ms, the first after ${arrivals[0]} ms`);
    if (arrivals.length > 5 && spread > 1000) mark("words", "ok");
  });

onClick("words", read);
read();

// --- Server-sent events

const clock = new EventSource("clock");
const seen = new Set();
clock.addEventListener("tick", ({ data }) => {
  show("clock", data.slice(11, 19));
  seen.add(data);
  document.getElementById("ticks").textContent = `${seen.size} ${seen.size === 1 ? "event" : "events"} so far`;
  if (seen.size >= 2) mark("clock", "ok");
});
clock.addEventListener("error", () => mark("clock", clock.readyState === EventSource.CLOSED ? "failed" : "waiting"));

// --- A form and its cookies

const remember = () =>
  attempt("profile", async () => {
    const form = new FormData(find("profile", "form"));
    const response = await ask("profile", { method: "POST", body: new URLSearchParams(form) });
    const welcome = await response.text();
    show("profile", welcome);
    const isRight = welcome.includes(form.get("name")) && welcome.includes(form.get("tea"));
    if (response.redirected && isRight) mark("profile", "ok");
  });

onSubmit("profile", remember);
attempt("profile", async () => {
  const welcome = await (await ask("profile")).text();
  show("profile", welcome);
  if (welcome.startsWith("Welcome")) mark("profile", "ok");
});

// --- A websocket echo

const echo = openSocket("echo", "echo");
const bytes = Uint8Array.of(0, 127, 255);
const pending = [];
const echoed = new Set();

function sendEcho(message) {
  pending.push({ message, since: performance.now() });
  echo.send(message);
}

echo.addEventListener("open", () => {
  sendEcho("Hello, socket");
  sendEcho(bytes);
});
echo.addEventListener("message", ({ data }) => {
  const { message, since } = pending.shift();
  const isText = typeof data === "string";
  const isSame = isText ? data === message : String(new Uint8Array(data)) === String(message);
  if (!isSame) return mark("echo", "failed");
  const text = isText ? data : `${data.byteLength} bytes: ${new Uint8Array(data).join(" ")}`;
  log(find("echo", ".log"), text, element("small", "", `${(performance.now() - since).toFixed(1)} ms`));
  echoed.add(typeof data);
  if (echoed.size === 2) mark("echo", "ok");
});
onSubmit("echo", (form) => sendEcho(form.elements.message.value));

// --- A chat room

const names = [
  "Ada",
  "Alan",
  "Barbara",
  "Donald",
  "Edsger",
  "Frances",
  "Grace",
  "Haskell",
  "John",
  "Katherine",
  "Robin",
];
const first = Math.floor(Math.random() * names.length);
const second = (first + 1 + Math.floor(Math.random() * (names.length - 1))) % names.length;
const members = [...document.querySelectorAll(".member")].map((section, index) =>
  join(section, names[index === 0 ? first : second], index === 1),
);

function join(section, name, isPolite) {
  let mayAnswer = isPolite;
  const list = section.querySelector(".log");
  section.querySelector("h3").textContent = name;
  list.setAttribute("aria-label", `What ${name} hears`);
  const socket = openSocket("chat", `chat?${new URLSearchParams({ name })}`);
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    log(list, element("b", "", message.name), message.text);
    const isFromTheOther = members.some((other) => other.name === message.name && other.name !== name);
    if (isFromTheOther && message.text === `Hello, ${name}!`) {
      if (mayAnswer) socket.send(`Hello, ${message.name}!`);
      else mark("chat", "ok");
      mayAnswer = false;
    }
  });
  section.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const { text } = event.target.elements;
    socket.send(text.value);
    text.value = "";
  });
  return { name, socket };
}

Promise.all(members.map(({ socket }) => new Promise((resolve) => socket.addEventListener("open", resolve)))).then(() =>
  members[0].socket.send(`Hello, ${members[1].name}!`),
);

// --- What several cards need

function openSocket(id, path) {
  const socket = new WebSocket(new URL(path, document.baseURI.replace(/^http/, "ws")));
  socket.binaryType = "arraybuffer";
  socket.addEventListener("close", () => mark(id, "failed"));
  return socket;
}

function log(list, ...children) {
  list.append(element("li", "", ...children));
  list.scrollTop = list.scrollHeight;
}

function onSubmit(id, work) {
  find(id, "form").addEventListener("submit", (event) => {
    event.preventDefault();
    work(event.target);
  });
}

function onClick(id, work) {
  const button = find(id, "button");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await work();
    } finally {
      button.disabled = false;
    }
  });
}
