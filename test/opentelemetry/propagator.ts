/** As much of W3C's trace context as the tests need. */
import { type TextMapPropagator, trace } from "@opentelemetry/api";

export const traceparent: TextMapPropagator = {
  fields: () => ["traceparent"],
  inject(context, carrier, setter) {
    const span = trace.getSpanContext(context);
    if (span !== undefined) setter.set(carrier, "traceparent", `00-${span.traceId}-${span.spanId}-01`);
  },
  extract(context, carrier, getter) {
    const header = getter.get(carrier, "Traceparent");
    const [, traceId, spanId] = /^00-([\da-f]{32})-([\da-f]{16})-01$/.exec(String(header)) ?? [];
    if (traceId === undefined || spanId === undefined) return context;
    return trace.setSpanContext(context, { traceId, spanId, traceFlags: 1, isRemote: true });
  },
};
