/** A look into the running process, for developers: its streams and websockets, its stacks, its latest requests. */

import { InvalidArgumentError } from "../src/errors/index.js";
import { checkCount, checkOptionNames, type OptionNames } from "../src/errors/options.js";
import { inspectionOf, isLocal, PAGE, POLICY, type Recorder, startRecorder, timed } from "../src/inspector/index.js";
import { tagged, watchParts } from "../src/ring/tag.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

export interface InspectedOptions {
  /** Is anything measured? @default true, unless NODE_ENV is "production" */
  readonly enabled?: boolean | undefined;
}

export interface InspectorOptions extends InspectedOptions {
  /** Where the page is; its data is at `/data` below. Under a mount it is the path inside. @default "/__inspector" */
  readonly path?: string | undefined;
  /** Do others than this machine get to see it? They see all paths that are asked for. @default false */
  readonly remote?: boolean | undefined;
  /** Requests that are remembered. @default 100 */
  readonly requests?: number | undefined;
  /** The Express app whose layers are shown. @default the one that the inspector is mounted on */
  readonly app?: unknown;
}

const INSPECTED: OptionNames<InspectedOptions> = { enabled: true };
const INSPECTOR: OptionNames<InspectorOptions> = { enabled: true, path: true, remote: true, requests: true, app: true };

const REQUESTS = 100;

function isEnabled({ enabled }: InspectedOptions): boolean {
  return enabled ?? process.env["NODE_ENV"] !== "production";
}

/**
 * Builds a stack whose parts are measured: each middleware of the kit's, each step of `pipe`, each route of `router`, and the
 * handler, in whatever `build` calls. The stack does what it would do without, and {@link wrapInspector} shows the times.
 *
 * In production, that is with NODE_ENV set to "production", it calls `build` and does nothing else.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that there is not.
 * @example
 * const app = wrapInspector(inspected(() => pipe(handler, wrapParams, wrapCookies)));
 * @see Source: none.
 */
export function inspected<H>(build: () => H, options: InspectedOptions = {}): H {
  checkOptionNames("inspected", options, INSPECTED);
  return isEnabled(options) ? watchParts(timed, build) : build();
}

/**
 * Middleware for development: serves a page that shows, live, the streams of the process (who feeds whom, how full buffers
 * are, which puts and takes wait, messages per second), its open websockets, the stacks of its handlers, and the latest
 * requests with the time that each part took. All that follows is seen wherever it happens in the process; streams from when
 * the first inspector was made.
 *
 * Times of parts are there for stacks that were built by {@link inspected}. Of requests there are method, path, status and
 * times; headers, queries, bodies and messages are not recorded.
 *
 * In production, that is with NODE_ENV set to "production", it is not there unless `enabled` says so: it returns the handler as
 * it is, and records nothing. The page is for this machine alone, unless `remote` says otherwise: for clients on its loopback
 * interface that came to one of its own names, and not through a proxy. Others are passed on to the handler.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that is unknown or wrong.
 * @example
 * app.use(ring(wrapInspector(() => null, { path: "/inspector" })));
 * @see Source: none; Manifold's description and downstream, drawn.
 */
export function wrapInspector<R extends RingRequest>(handler: Handler<R>, options: InspectorOptions = {}): Handler<R> {
  checkOptionNames("wrapInspector", options, INSPECTOR);
  const { path = "/__inspector", remote = false, requests = REQUESTS, app } = options;
  if (!/^\/.*[^/]$/.test(path)) {
    throw new InvalidArgumentError(`wrapInspector: path must begin with a slash and not end with one, unlike ${path}`);
  }
  checkCount("wrapInspector", "requests", requests, "requests");
  if (!isEnabled(options)) return handler;
  const recorder = startRecorder(requests);
  const wrapped = tagged("wrapInspector", handler, (request: R) => {
    const asked = request.pathInfo ?? request.uri;
    if (!asked.startsWith(path) || !isReading(request) || !(remote || isLocal(request))) return handler(request);
    return answerTo(asked.slice(path.length), recorder, request, app) ?? handler(request);
  });
  recorder.mounts.add(wrapped, undefined, undefined);
  return wrapped;
}

const isReading = ({ requestMethod }: RingRequest): boolean => requestMethod === "get" || requestMethod === "head";

/** For the developer's own eyes: not for caches, frames, or pages of others. */
const HEADERS = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** @param rest What the path has behind the inspector's own. */
function answerTo(rest: string, recorder: Recorder, request: RingRequest, app: unknown): RingResponse | undefined {
  if (rest === "" || rest === "/") {
    recorder.forget(request);
    const headers = { ...HEADERS, "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY };
    return { status: 200, headers, body: PAGE };
  }
  if (rest !== "/data") return undefined;
  recorder.forget(request);
  const headers = { ...HEADERS, "content-type": "application/json; charset=utf-8" };
  return { status: 200, headers, body: JSON.stringify(inspectionOf(recorder, request, app)) };
}
