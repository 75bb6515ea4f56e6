import {
  type Histogram,
  type MeterProvider,
  metrics,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { checkOptionNames, type OptionNames } from "../errors/options.js";
import { BUCKETS } from "./attributes.js";

export interface TelemetryOptions {
  /** @default the one that is registered with OpenTelemetry's API */
  readonly tracerProvider?: TracerProvider | undefined;
  /** @default the one that is registered with OpenTelemetry's API */
  readonly meterProvider?: MeterProvider | undefined;
}

const OPTIONS: OptionNames<TelemetryOptions> = { tracerProvider: true, meterProvider: true };

/** What spans and measurements are made with. */
export interface Instruments {
  readonly tracer: Tracer;
  /** In seconds. */
  readonly duration: Histogram;
}

const NAME = "express-ring";

/**
 * Makes the instruments when they are first needed: whoever registers providers may do so after stacks were built, which are
 * made as modules are loaded.
 *
 * @throws {InvalidArgumentError} in place, code `RING_INVALID_ARGUMENT`, for an option that there is not
 */
export function instrumentsFor(
  who: string,
  options: TelemetryOptions,
  metric: string,
  description: string,
): () => Instruments {
  checkOptionNames(who, options, OPTIONS);
  let made: Instruments | undefined;
  return () => {
    made ??= {
      tracer: (options.tracerProvider ?? trace).getTracer(NAME),
      duration: (options.meterProvider ?? metrics).getMeter(NAME).createHistogram(metric, {
        description,
        unit: "s",
        advice: { explicitBucketBoundaries: BUCKETS },
      }),
    };
    return made;
  };
}
