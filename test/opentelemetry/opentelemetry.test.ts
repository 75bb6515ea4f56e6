import { connect as connectSocket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import express from "express";
import { wrapParams } from "../../middleware/params.js";
import { chain, deferred, success } from "../../src/deferred/index.js";
import * as http from "../../src/http/index.js";
import { pipe, ring, router } from "../../src/index.js";
import { request as mockRequest } from "../../src/mock/index.js";
import { traceClient, wrapTelemetry } from "../../src/opentelemetry/index.js";
import { stopWatching } from "../../src/opentelemetry/server.js";
import { subscribe } from "../../src/ring/diagnostics/index.js";
import type { Handler, RingRequest } from "../../src/ring/types.js";
import { close, put, stream } from "../../src/stream/index.js";
import { withLog } from "../contract/host.js";
import { withApp } from "../express/hosts.js";
import { started } from "../http/server/start.js";
import { traceparent } from "./propagator.js";

const spans = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const measurements = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter: measurements, exportIntervalMillis: 1_000_000 });
const meterProvider = new MeterProvider({ readers: [reader] });
const options = { tracerProvider, meterProvider };

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(traceparent);
});
afterEach(async () => {
  spans.reset();
  await reader.forceFlush();
  measurements.reset();
});
afterAll(async () => {
  stopWatching();
  context.disable();
  propagation.disable();
  await meterProvider.shutdown();
});

const ok: Handler = () => ({ status: 200, body: "ok" });

/** The next request that is over; its span is, too. */
function over(): Promise<void> {
  return new Promise((resolve) => {
    const stop = subscribe("express-ring:request:end", () => {
      stop();
      setImmediate(resolve);
    });
  });
}

async function spanOf(path: string, handler: Handler, init: RequestInit = {}): Promise<ReadableSpan> {
  const { port } = await started(handler);
  const ended = over();
  await (await fetch(`http://localhost:${port}${path}`, init)).text().catch(() => "");
  await ended;
  return onlySpan();
}

function onlySpan(kind = SpanKind.SERVER): ReadableSpan {
  const found = spans.getFinishedSpans().filter((span) => span.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as ReadableSpan;
}

async function measured(name: string): Promise<{ attributes: unknown; value: Histogram }[]> {
  await reader.forceFlush();
  const all = measurements.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  const metric = all.find(({ descriptor }) => descriptor.name === name);
  expect(metric?.descriptor).toMatchObject({ unit: "s", type: "HISTOGRAM" });
  return metric?.dataPoints as never;
}

describe("wrapTelemetry", () => {
  it("makes a span under the stable names, with the route of the router", async () => {
    const app = wrapTelemetry(router({ "GET /users/:id": ok }), options);
    const span = await spanOf("/users/7?page=2&token=secret", app, { headers: { "user-agent": "me" } });
    expect(span.name).toBe("GET /users/:id");
    expect(span.kind).toBe(SpanKind.SERVER);
    expect(span.status.code).toBe(SpanStatusCode.UNSET);
    expect(span.attributes).toEqual({
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "http.route": "/users/:id",
      "url.path": "/users/7",
      "url.query": "page=2&token=REDACTED",
      "url.scheme": "http",
      "server.address": "localhost",
      "server.port": expect.any(Number),
      "client.address": expect.stringMatching(/^(?:::1|127\.0\.0\.1)$/),
      "network.protocol.version": "1.1",
      "user_agent.original": "me",
    });
  });

  it("measures requests in seconds, in the buckets of the conventions, by route", async () => {
    await spanOf("/users/7", wrapTelemetry(router({ "GET /users/:id": ok }), options));
    const [point] = await measured("http.server.request.duration");
    expect(point?.attributes).toEqual({
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "http.route": "/users/:id",
      "network.protocol.version": "1.1",
      "url.scheme": "http",
    });
    expect(point?.value).toMatchObject({
      count: 1,
      buckets: { boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] },
    });
    expect(point?.value.sum).toBeLessThan(5);
  });

  it("ends when the body was sent", async () => {
    const body = stream<string>();
    const { port } = await started(wrapTelemetry(() => ({ status: 200, body }), options));
    const ended = over();
    const response = await fetch(`http://localhost:${port}/`);
    await put(body, "first");
    expect(spans.getFinishedSpans()).toEqual([]);
    close(body);
    await response.text();
    await ended;
    expect(onlySpan().ended).toBe(true);
  });

  it("takes the client's span as the parent", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const span = await spanOf("/", wrapTelemetry(ok, options), {
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    });
    expect(span.spanContext().traceId).toBe(traceId);
    expect(span.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
  });

  it("is active in the handler: behind a body that was read, in chains, and after an await", async () => {
    const seen: (string | undefined)[] = [];
    const look = (): void => void seen.push(trace.getActiveSpan()?.spanContext().spanId);
    const elsewhere = deferred<number>();
    const handler: Handler = (request) => {
      look();
      expect((request as { params?: unknown }).params).toEqual({ a: "1" });
      // Realized by somebody who is outside of it all.
      setImmediate(() => context.with(trace.deleteSpan(context.active()), () => success(elsewhere, 1)));
      return chain(elsewhere, look, async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        look();
        return { status: 200, body: "ok" };
      });
    };
    const span = await spanOf("/", wrapTelemetry(wrapParams(handler as never) as Handler, options), {
      method: "POST",
      body: new URLSearchParams({ a: "1" }),
    });
    expect(seen).toEqual([span, span, span].map((one) => one.spanContext().spanId));
  });

  it("tells a fault by its code, with the exception, and no refusal as one", async () => {
    await withLog(async () => {
      const failing = await spanOf(
        "/",
        wrapTelemetry(async () => {
          throw Object.assign(new Error("no database"), { code: "E_DATABASE" });
        }, options),
      );
      expect(failing.attributes).toMatchObject({ "error.type": "E_DATABASE", "http.response.status_code": 500 });
      expect(failing.status.code).toBe(SpanStatusCode.ERROR);
      expect(failing.events.map(({ name }) => name)).toEqual(["exception"]);
      spans.reset();
      const answered = await spanOf(
        "/",
        wrapTelemetry(() => ({ status: 503 }), options),
      );
      expect(answered.attributes["error.type"]).toBe("503");
      spans.reset();
      const refused = await spanOf(
        "/",
        wrapTelemetry(() => ({ status: 404 }), options),
      );
      expect(refused.attributes).not.toHaveProperty("error.type");
      expect(refused.status.code).toBe(SpanStatusCode.UNSET);
    });
  });

  it("tells that the client has left", async () => {
    const asked = deferred<void>();
    const { port } = await started(
      wrapTelemetry(() => {
        success(asked, undefined);
        return deferred<null>();
      }, options),
    );
    const ended = over();
    const socket = connectSocket(port, "localhost");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await asked;
    socket.destroy();
    await ended;
    expect(onlySpan().attributes["error.type"]).toBe("aborted");
  });

  it("does not let clients make up methods", async () => {
    const { port } = await started(wrapTelemetry(ok, options));
    const ended = over();
    const socket = connectSocket(port, "localhost");
    socket.end("PROPFIND / HTTP/1.1\r\nHost: localhost:80\r\nConnection: close\r\n\r\n").resume();
    await ended;
    const span = onlySpan();
    expect(span.name).toBe("HTTP");
    expect(span.attributes).toMatchObject({
      "http.request.method": "_OTHER",
      "http.request.method_original": "PROPFIND",
      "server.port": 80,
    });
  });

  it("makes one span in Express, through several handlers, with Express's route", async () => {
    const seen: unknown[] = [];
    const look: Handler = () => {
      seen.push(trace.getActiveSpan()?.spanContext().spanId);
      return seen.length === 1 ? null : { status: 201 };
    };
    const app = express();
    app.use(ring(wrapTelemetry(look, options)));
    app.get("/users/:id", ring(pipe(look, (inner) => wrapTelemetry(inner, options))));
    await withApp(app, async ({ url }) => {
      const ended = over();
      await (await fetch(`${url}/users/7`)).text();
      await ended;
    });
    const span = onlySpan();
    expect(span.name).toBe("GET /users/:id");
    expect(seen).toEqual([span.spanContext().spanId, span.spanContext().spanId]);
  });

  it("leaves requests of mocks alone, and refuses unknown options", async () => {
    const map = mockRequest("get", "/") as RingRequest;
    expect(wrapTelemetry(ok, options)(map)).toEqual({ status: 200, body: "ok" });
    expect(spans.getFinishedSpans()).toEqual([]);
    expect(() => wrapTelemetry(ok, { tracer: 1 } as never)).toThrow("there are tracerProvider, meterProvider");
    expect(() => traceClient({ tracer: 1 } as never)).toThrow("there are tracerProvider, meterProvider");
  });
});

describe("traceClient", () => {
  it("makes a child of the active span, and sends it along; the server's is a child of it", async () => {
    const stop = traceClient(options);
    const inner = await started(wrapTelemetry(ok, options));
    const outer = await started(
      wrapTelemetry(
        router({
          "GET /relay": () =>
            chain(http.get(`http://localhost:${inner.port}/x?token=secret`, { as: "string" }), ({ body }) => ({
              body,
            })),
        }),
        options,
      ),
    );
    const ended = over().then(over);
    expect(await (await fetch(`http://localhost:${outer.port}/relay`)).text()).toBe("ok");
    await ended;
    stop();
    const client = onlySpan(SpanKind.CLIENT);
    const [relayed, relaying] = spans.getFinishedSpans().filter(({ kind }) => kind === SpanKind.SERVER);
    expect(client.parentSpanContext?.spanId).toBe(relaying?.spanContext().spanId);
    expect(relayed?.parentSpanContext?.spanId).toBe(client.spanContext().spanId);
    expect(client.name).toBe("GET");
    expect(client.attributes).toEqual({
      "http.request.method": "GET",
      "http.response.status_code": 200,
      "network.protocol.version": "1.1",
      "server.address": "localhost",
      "server.port": inner.port,
      "url.full": `http://localhost:${inner.port}/x?token=REDACTED`,
    });
    const points = await measured("http.client.request.duration");
    expect(points.map(({ attributes, value }) => [attributes, value.count])).toEqual([
      [
        {
          "http.request.method": "GET",
          "http.response.status_code": 200,
          "network.protocol.version": "1.1",
          "server.address": "localhost",
          "server.port": inner.port,
        },
        1,
      ],
    ]);
  });

  it("makes a span for each redirect, under the same parent", async () => {
    const { port } = await started(({ uri }) =>
      uri === "/old" ? { status: 302, headers: { location: "/new" } } : { status: 200 },
    );
    const stop = traceClient(options);
    const parent = tracerProvider.getTracer("test").startSpan("parent");
    await context.with(trace.setSpan(context.active(), parent), () =>
      http.get(`http://localhost:${port}/old`, { as: "string" }),
    );
    stop();
    const found = spans.getFinishedSpans().filter(({ kind }) => kind === SpanKind.CLIENT);
    expect(found.map(({ attributes }) => attributes["http.response.status_code"])).toEqual([302, 200]);
    expect(found.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      [1, 2].map(() => parent.spanContext().spanId),
    );
  });

  it("tells errors, statuses from 400 on among them, and stops when it is stopped", async () => {
    const server = await started(() => ({ status: 404 }));
    const url = `http://localhost:${server.port}/`;
    const stop = traceClient(options);
    await expect(http.get(url, { as: "string" })).rejects.toMatchObject({ code: "RING_STATUS" });
    const missing = onlySpan(SpanKind.CLIENT);
    expect(missing.attributes["error.type"]).toBe("404");
    expect(missing.status.code).toBe(SpanStatusCode.ERROR);
    spans.reset();
    await server.close();
    await expect(http.get(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const refused = onlySpan(SpanKind.CLIENT);
    expect(refused.attributes["error.type"]).toBe("ECONNREFUSED");
    expect(refused.events.map(({ name }) => name)).toEqual(["exception"]);
    spans.reset();
    stop();
    await expect(http.get(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(spans.getFinishedSpans()).toEqual([]);
  });
});
