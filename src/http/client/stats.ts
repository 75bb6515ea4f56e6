/** What a pool tells of itself. Source: `io.aleph.dirigiste.Stats`. */

/** Values below which 50, 90, 95, 99 and 99.9 per cent lie. */
export interface Quantiles {
  readonly 0.5: number;
  readonly 0.9: number;
  readonly 0.95: number;
  readonly 0.99: number;
  readonly 0.999: number;
}

/** One origin of a pool, over the last control period. Latencies are milliseconds, rates requests per second. */
export interface HostStats {
  /** Connections now. */
  readonly numWorkers: number;
  /** Requests that waited for a connection, whenever one asked. */
  readonly queueLength: Quantiles;
  /** How long they waited. */
  readonly queueLatency: Quantiles;
  /** How long connections were in use for a request. */
  readonly taskLatency: Quantiles;
  readonly taskArrivalRate: Quantiles;
  readonly taskCompletionRate: Quantiles;
  /** Requests that were refused, because the queue was full. */
  readonly taskRejectionRate: Quantiles;
  /** Share of connections that were in use, 0 to 1. */
  readonly utilization: Quantiles;
}

/** By origin. */
export type PoolStats = Readonly<Record<string, HostStats>>;
/** Is told how the connections of a pool are used. */
export type StatsCallback = (stats: PoolStats) => void;

/** Samples of one kind that are kept in a period; later ones replace them at random. */
const SAMPLES = 1024;

class Sample {
  #values: number[] = [];
  #seen = 0;

  add(value: number): void {
    this.#seen++;
    if (this.#values.length < SAMPLES) this.#values.push(value);
    else {
      const place = Math.floor(Math.random() * this.#seen);
      if (place < SAMPLES) this.#values[place] = value;
    }
  }

  take(): Quantiles {
    const quantiles = quantilesOf(this.#values);
    this.#values = [];
    this.#seen = 0;
    return quantiles;
  }
}

function quantilesOf(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { 0.5: at(0.5), 0.9: at(0.9), 0.95: at(0.95), 0.99: at(0.99), 0.999: at(0.999) };
}

/** Gathers what happens on one origin; only where somebody asks for statistics. */
export class HostSampler {
  readonly #queueLength = new Sample();
  readonly #queueLatency = new Sample();
  readonly #taskLatency = new Sample();
  readonly #utilization = new Sample();
  #arrivals = 0;
  #completions = 0;
  #rejections = 0;
  #since = performance.now();

  arrived(waiting: number, utilization: number): void {
    this.#arrivals++;
    this.#queueLength.add(waiting);
    this.#utilization.add(utilization);
  }

  granted(milliseconds: number): void {
    this.#queueLatency.add(milliseconds);
  }

  completed(milliseconds: number): void {
    this.#completions++;
    this.#taskLatency.add(milliseconds);
  }

  rejected(): void {
    this.#rejections++;
  }

  /** What was gathered, and begins anew. */
  take(numWorkers: number): HostStats {
    const seconds = Math.max(0.001, (performance.now() - this.#since) / 1000);
    this.#since = performance.now();
    const rate = (count: number): Quantiles => quantilesOf([count / seconds]);
    const stats = {
      numWorkers,
      queueLength: this.#queueLength.take(),
      queueLatency: this.#queueLatency.take(),
      taskLatency: this.#taskLatency.take(),
      taskArrivalRate: rate(this.#arrivals),
      taskCompletionRate: rate(this.#completions),
      taskRejectionRate: rate(this.#rejections),
      utilization: this.#utilization.take(),
    };
    this.#arrivals = 0;
    this.#completions = 0;
    this.#rejections = 0;
    return stats;
  }
}

const defaultCallbacks = new Set<StatsCallback>();

/**
 * Has a function called with the statistics of every pool that has no `statsCallback` of its own, once in each of the
 * pool's control periods. For pools that are made, or begin to be used, from now on too.
 *
 * @example
 * registerConnectionStatsCallback((stats) => console.log(stats["https://example.com"]?.numWorkers));
 * @see Source: `aleph.http/register-connection-stats-callback`. Differs: for every pool, not only the default one.
 */
export function registerConnectionStatsCallback(callback: StatsCallback): void {
  defaultCallbacks.add(callback);
}

/** Takes a function back. @see Source: `aleph.http/unregister-connection-stats-callback`. */
export function unregisterConnectionStatsCallback(callback: StatsCallback): void {
  defaultCallbacks.delete(callback);
}

/** Does anybody ask for the statistics of a pool without a callback of its own? */
export function hasDefaultCallbacks(): boolean {
  return defaultCallbacks.size > 0;
}

export function tellDefaultCallbacks(stats: PoolStats): void {
  for (const callback of defaultCallbacks) callback(stats);
}
