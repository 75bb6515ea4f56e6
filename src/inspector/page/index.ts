/** The inspector's page: one document, which loads nothing from anywhere but its data. */

import { createHash } from "node:crypto";
import { ELEMENTS } from "./elements.js";
import { GRAPH } from "./graph.js";
import { LISTS } from "./lists.js";
import { STYLE } from "./style.js";

const SCRIPT = `"use strict";${ELEMENTS}${GRAPH}${LISTS}`;

const sourceOf = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** What the page may do: run and look as it was written, and ask the server that it came from. */
export const POLICY: string = [
  "default-src 'none'",
  "img-src data:",
  `script-src ${sourceOf(SCRIPT)}`,
  `style-src ${sourceOf(STYLE)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const column = (name: string): string => `<th scope="col">${name}</th>`;
const numbers = (name: string): string => `<th scope="col" class="number">${name}</th>`;

export const PAGE: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>Inspector</title>
<style>${STYLE}</style>
</head>
<body>
<header><div>
<h1>Inspector</h1>
<dl class="totals">
<div><dt>requests</dt><dd id="total-requests">0</dd></div>
<div><dt>at the moment</dt><dd id="request-rate">0.0/s</dd></div>
<div><dt>since start</dt><dd id="uptime">0 s</dd></div>
</dl>
<span id="lost" role="status"></span>
<button id="pause" type="button">Pause</button>
</div></header>
<main>
<h2>Streams <small id="streams-count"></small></h2>
<div class="card">
<div class="scroll" id="graph" tabindex="0" role="region" aria-label="Graph of streams"></div>
<details class="more"><summary>As a table</summary>
<div class="scroll"><table>
<thead><tr>${column("Stream")}${column("Kind")}${column("Feeds")}${numbers("Buffer")}${numbers("Puts")}${numbers("Takes")}${numbers("Messages")}${column("State")}</tr></thead>
<tbody id="stream-rows"></tbody>
</table></div></details>
</div>
<h2>Websockets <small id="websockets-count"></small></h2>
<div class="card">
<p class="empty" id="no-websockets">None is open.</p>
<div class="scroll" id="websockets" hidden><table>
<thead><tr>${column("Where")}${column("Opened by")}${column("Protocol")}${numbers("Open for")}${numbers("Taken")}${numbers("To be taken")}${numbers("To be sent")}</tr></thead>
<tbody id="websocket-rows"></tbody>
</table></div>
</div>
<h2>Stacks <small id="stacks-count"></small></h2>
<div class="card" id="stacks" hidden></div>
<div id="express" hidden>
<h3>The layers of the Express app, in order</h3>
<div class="card"><div class="stack" id="layers"></div></div>
</div>
<h2>Requests <small id="requests-count"></small></h2>
<div class="card">
<p class="empty" id="no-requests">None yet.</p>
<div id="requests"></div>
</div>
<footer>Shown by wrapInspector in development. Headers, queries, bodies and messages are not recorded.</footer>
</main>
<script>${SCRIPT}</script>
</body>
</html>
`;
