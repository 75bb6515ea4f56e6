/** A handler that shows the request it got. Source: `ring.handler.dump`. */

import { html, htmlPage, otherTable, STYLE, showValue, standardTable } from "../src/devel/index.js";
import type { RingRequest } from "../src/ring/types.js";

/**
 * A handler for development: answers with a page that lists the request map, and prints the map to the console. What may
 * be secret is masked: authorization, cookies, sessions, tokens, passwords.
 *
 * @example
 * app.get("/request", ring(wrapCookies(handleDump)));
 * @see Source: `ring.handler.dump/handle-dump`. Differs: secrets are masked; `protocol` is one of the standard keys.
 */
export function handleDump(request: RingRequest): {
  readonly status: number;
  readonly headers: { readonly "Content-Type": string };
  readonly body: string;
} {
  console.log(showValue("request", request));
  const others = otherTable(request);
  const page = html`<header>
<p class="asked">${request.requestMethod.toUpperCase()} ${request.uri}</p>
<h1>Request</h1>
</header>
<main>
<h2>By the SPEC</h2>
<div class="card">${standardTable(request, true)}</div>
${others && html`<h2>Other keys</h2><div class="card">${others}</div>`}
</main>`;
  return { status: 200, headers: { "Content-Type": "text/html" }, body: htmlPage("Request", STYLE, page) };
}
