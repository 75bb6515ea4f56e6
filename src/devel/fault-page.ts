/** The page that shows what went wrong, and where. */

import { maskQuery } from "../errors/secret-names.js";
import { excerptOf } from "./excerpt.js";
import { type Fault, faultsOf } from "./faults.js";
import { html, htmlPage, type Markup } from "./html.js";
import { otherTable, standardTable } from "./request-table.js";
import { type Frame, placeOf } from "./stack.js";
import { STYLE } from "./style.js";

/** Frames of the application that are shown with their source, of each fault. */
const MAX_EXCERPTS = 15;

const nameOf = ({ called, place }: Frame): Markup =>
  html`<span class="called">${called === "" ? place : called}</span>`;

function frameLine(frame: Frame): Markup {
  return html`${nameOf(frame)}<span class="place">${placeOf(frame)}</span>`;
}

/** A frame of the application: the first ones with their source, the very first opened. */
async function ownFrame(frame: Frame, place: number): Promise<Markup> {
  const excerpt = place < MAX_EXCERPTS ? await excerptOf(frame) : undefined;
  if (excerpt === undefined) return html`<li class="frame">${frameLine(frame)}</li>`;
  const lines = excerpt.map(
    ({ number, text }) => html`<span${number === frame.line ? html` class="here"` : ""}><i>${number}</i>${text}</span>`,
  );
  return html`<li><details${place === 0 ? html` open` : ""}><summary>${frameLine(frame)}</summary>
<pre class="excerpt">${lines}</pre></details></li>`;
}

function foldedFrames(frames: readonly Frame[]): Markup {
  const libraries = [...new Set(frames.map(({ library }) => library))].join(", ");
  const count = frames.length === 1 ? "1 frame" : `${frames.length} frames`;
  return html`<li><details class="folded"><summary>${count} in ${libraries}</summary>
${frames.map((frame) => html`<div class="frame">${frameLine(frame)}</div>`)}</details></li>`;
}

/** Frames of the application by themselves, those of libraries between them together. */
function runsOf(frames: readonly Frame[]): readonly (readonly [Frame, ...Frame[]])[] {
  const runs: [Frame, ...Frame[]][] = [];
  for (const frame of frames) {
    const last = runs.at(-1);
    if (last?.[0].library !== undefined && frame.library !== undefined) last.push(frame);
    else runs.push([frame]);
  }
  return runs;
}

async function frameList(frames: readonly Frame[]): Promise<Markup | undefined> {
  if (frames.length === 0) return undefined;
  const own = frames.filter(({ library }) => library === undefined);
  const items = runsOf(frames).map(async (run) =>
    run[0].library === undefined ? ownFrame(run[0], own.indexOf(run[0])) : foldedFrames(run),
  );
  return html`<ol class="frames">${await Promise.all(items)}</ol>`;
}

const marksOf = ({ marks }: Fault): Markup | undefined =>
  marks.length === 0 ? undefined : html`<p>${marks.map((mark) => html`<span class="mark">${mark}</span>`)}</p>`;

async function faultSection(fault: Fault): Promise<Markup> {
  const frames = await frameList(fault.frames);
  if (fault.relation === "")
    return html`<h2>Stack</h2>${frames ?? html`<p>There is none: what was thrown is no error.</p>`}`;
  return html`<h2><span class="relation">${fault.relation}</span> <span class="name">${fault.name}</span> ${fault.message}</h2>
${marksOf(fault)}${frames}`;
}

type Asked = {
  readonly requestMethod?: string | undefined;
  readonly uri?: string | undefined;
  readonly queryString?: string | undefined;
};

function askedFor({ requestMethod = "", uri = "", queryString }: Asked): string {
  const query = queryString === undefined || queryString === null ? "" : `?${maskQuery(queryString)}`;
  return `${requestMethod.toUpperCase()} ${uri}${query}`;
}

/** The page for what was thrown while this request was handled; what may be secret in the request is masked. */
export async function faultPage(thrown: unknown, request: Asked): Promise<string> {
  const faults = faultsOf(thrown);
  const first = faults[0] as Fault;
  const sections = await Promise.all(faults.map(faultSection));
  const others = otherTable(request);
  return htmlPage(
    `${first.name}: ${first.message.slice(0, 100)}`,
    STYLE,
    html`<header>
<p class="asked">${askedFor(request)}</p>
<h1><span class="name">${first.name}</span> ${first.message}</h1>
${marksOf(first)}
</header>
<main>
${sections}
<h2>Request</h2>
<div class="card">${standardTable(request, false)}</div>
${others && html`<h2>Added by middleware</h2><div class="card">${others}</div>`}
<footer>Shown by wrapStacktrace in development. Values that may be secret are masked.</footer>
</main>`,
  );
}
