import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  trace,
} from "@opentelemetry/api";
import { keepAsyncContext, type RequestEvent, subscribe } from "../ring/diagnostics/index.js";
import { requestEventOf } from "../ring/diagnostics/requests.js";
import { tagged } from "../ring/tag.js";
import type { Handler, RequestHeaders, RingRequest } from "../ring/types.js";
import { attributes, errorType, knownMethod, protocolVersion, redactedQuery, serverOf } from "./attributes.js";
import { type Instruments, instrumentsFor, type TelemetryOptions } from "./options.js";

/** A request that has a span. */
interface Traced {
  readonly span: Span;
  readonly context: Context;
  readonly instruments: Instruments;
}

const HEADERS: TextMapGetter<RequestHeaders> = {
  keys: (headers) => Object.keys(headers),
  get: (headers, name) => headers[name.toLowerCase()],
};

const traced = new WeakMap<RequestEvent, Traced>();
let stops: readonly (() => void)[] | undefined;

/** Spans end when requests do; from the first stack on that has them. */
function watch(): void {
  stops ??= [keepAsyncContext(), subscribe("express-ring:request:end", finish)];
}

/** Until the next stack is built, there are no spans. */
export function stopWatching(): void {
  for (const stop of stops ?? []) stop();
  stops = undefined;
}

/**
 * Middleware: gives each request a span of OpenTelemetry, and measures it (`http.server.request.duration`, in seconds), under
 * the stable names of the conventions for HTTP.
 *
 * The span is a child of the one that the client has sent (`traceparent`, or whatever the propagator that is registered reads),
 * begins when the request came, and ends when the answer was sent as a whole, or the client has left. Its context is active in
 * the handler and in all that it awaits or chains: from the first such stack on, all listeners of deferreds in the process keep
 * their context ({@link keepAsyncContext}). Its name is the method and the route, of Express or of the kit's router.
 *
 * Statuses from 500 on are errors, and so is an answer that was not sent to its end. What the handler failed with is recorded as
 * an exception. Values of the query whose names speak of secrets are redacted; headers and bodies are not recorded. Put it
 * outermost. A request that goes through several such stacks gets one span, from the first. Requests of mocks get none.
 *
 * @param options Providers, if not those that are registered.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that there is not.
 * @example
 * app.use(ring(wrapTelemetry(handler)));
 * @see Source: none.
 */
export function wrapTelemetry<R extends RingRequest>(handler: Handler<R>, options: TelemetryOptions = {}): Handler<R> {
  const instruments = instrumentsFor(
    "wrapTelemetry",
    options,
    "http.server.request.duration",
    "Duration of HTTP server requests.",
  );
  watch();
  return tagged("wrapTelemetry", handler, (request: R) => {
    const event = requestEventOf(request);
    if (event === undefined) return handler(request);
    let known = traced.get(event);
    if (known === undefined) traced.set(event, (known = begin(request, event, instruments())));
    return context.with(known.context, handler, undefined, request);
  });
}

function begin(request: RingRequest, { startTime }: RequestEvent, instruments: Instruments): Traced {
  const { headers, requestMethod, uri, queryString, scheme, protocol, remoteAddr } = request;
  const method = requestMethod.toUpperCase();
  const known = knownMethod(method);
  const { address, port } = serverOf(headers["host"], scheme);
  const parent = propagation.extract(context.active(), headers, HEADERS);
  const span = instruments.tracer.startSpan(
    known === method ? method : "HTTP",
    {
      kind: SpanKind.SERVER,
      startTime: performance.timeOrigin + startTime,
      attributes: attributes({
        "http.request.method": known,
        "http.request.method_original": known === method ? undefined : method,
        "url.path": uri,
        "url.query": queryString === undefined ? undefined : redactedQuery(queryString),
        "url.scheme": scheme,
        "server.address": address ?? request.serverName,
        "server.port": port,
        "client.address": remoteAddr === "" ? undefined : remoteAddr,
        "network.protocol.version": protocolVersion(protocol),
        "user_agent.original": headers["user-agent"],
      }),
    },
    parent,
  );
  return { span, context: trace.setSpan(parent, span), instruments };
}

function finish(event: RequestEvent): void {
  const known = traced.get(event);
  if (known === undefined) return;
  traced.delete(event);
  const { span, instruments } = known;
  const { request, route, status, error, startTime, duration = 0 } = event;
  const method = request.requestMethod.toUpperCase();
  const fault = faultOf(event);
  const told: Attributes = attributes({
    "http.route": route,
    "http.response.status_code": status,
    "error.type": fault,
  });
  span.setAttributes(told);
  if (route !== undefined) span.updateName(`${knownMethod(method) === method ? method : "HTTP"} ${route}`);
  if (error !== undefined && fault !== undefined) span.recordException(error as Error);
  if (fault !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(performance.timeOrigin + startTime + duration);
  instruments.duration.record(
    duration / 1_000,
    attributes({
      "http.request.method": knownMethod(method),
      "url.scheme": request.scheme,
      "network.protocol.version": protocolVersion(request.protocol),
      ...told,
    }),
    known.context,
  );
}

/** Why it counts as failed: a request that was refused does not, one whose answer was not sent to its end does. */
function faultOf({ status, isComplete, error }: RequestEvent): string | undefined {
  if (status !== undefined && status >= 500) return error === undefined ? String(status) : errorType(error);
  if (isComplete === true) return undefined;
  return error === undefined ? "aborted" : errorType(error);
}
