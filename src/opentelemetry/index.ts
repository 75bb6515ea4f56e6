/** Spans and measurements of OpenTelemetry; its API is loaded by who imports this, and by nothing else. */
export { traceClient } from "./client.js";
export type { TelemetryOptions } from "./options.js";
export { wrapTelemetry } from "./server.js";
