import {
  type Attributes,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import { type ClientEvent, keepAsyncContext, subscribe } from "../ring/diagnostics/index.js";
import { attributes, errorType, knownMethod, protocolVersion, redactedQuery } from "./attributes.js";
import { instrumentsFor, type TelemetryOptions } from "./options.js";

const HEADERS: TextMapSetter<ClientEvent["headers"]> = {
  set: (headers, name, value) => {
    headers[name] = value;
  },
};

interface Traced {
  readonly span: Span;
  /** Those that its measurement has, too. */
  readonly attributes: Attributes;
}

/**
 * Gives each request of the HTTP client's a span of OpenTelemetry, and measures it (`http.client.request.duration`, in seconds),
 * under the stable names of the conventions for HTTP: all requests of the process from now on, each redirect by itself.
 *
 * The span is a child of the one that is active where the request is made, and goes with it (as `traceparent`, or however the
 * propagator that is registered writes it). It ends when the body of the answer is there, or was left by its reader. Statuses
 * from 400 on are errors. Credentials in URLs, and values of the query whose names speak of secrets, are redacted.
 *
 * @param options Providers, if not those that are registered.
 * @returns a function that stops it
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for an option that there is not.
 * @example
 * const stopTracing = traceClient();
 * stopTracing();
 * @see Source: none.
 */
export function traceClient(options: TelemetryOptions = {}): () => void {
  const instruments = instrumentsFor(
    "traceClient",
    options,
    "http.client.request.duration",
    "Duration of HTTP client requests.",
  );
  const traced = new WeakMap<ClientEvent, Traced>();

  function begin(event: ClientEvent): void {
    const { headers, startTime } = event;
    const method = event.method.toUpperCase();
    const known = knownMethod(method);
    const { protocol, hostname, port } = new URL(event.url);
    const shared = attributes({
      "http.request.method": known,
      "server.address": hostname,
      "server.port": port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
    });
    const span = instruments().tracer.startSpan(known === method ? method : "HTTP", {
      kind: SpanKind.CLIENT,
      startTime: performance.timeOrigin + startTime,
      attributes: attributes({
        ...shared,
        "http.request.method_original": known === method ? undefined : method,
        "url.full": redactedUrl(event.url),
      }),
    });
    traced.set(event, { span, attributes: shared });
    propagation.inject(trace.setSpan(context.active(), span), headers, HEADERS);
  }

  function finish(event: ClientEvent): void {
    const known = traced.get(event);
    if (known === undefined) return;
    traced.delete(event);
    const { span } = known;
    const { status, protocolVersion: protocol, error, startTime, duration = 0 } = event;
    const fault =
      error === undefined ? (status !== undefined && status >= 400 ? String(status) : undefined) : errorType(error);
    const told = attributes({
      "http.response.status_code": status,
      "network.protocol.version": protocolVersion(protocol),
      "error.type": fault,
    });
    span.setAttributes(told);
    if (error !== undefined) span.recordException(error as Error);
    if (fault !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(performance.timeOrigin + startTime + duration);
    instruments().duration.record(duration / 1_000, { ...known.attributes, ...told });
  }

  const stops = [
    keepAsyncContext(),
    subscribe("express-ring:client:start", begin),
    subscribe("express-ring:client:end", finish),
    subscribe("express-ring:client:error", finish),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function redactedUrl(url: string): string {
  const parsed = new URL(url);
  const hasCredentials = parsed.username !== "" || parsed.password !== "";
  if (hasCredentials) Object.assign(parsed, { username: "REDACTED", password: "REDACTED" });
  if (parsed.search !== "") parsed.search = redactedQuery(parsed.search.slice(1));
  return parsed.href;
}
