/** A deferred handler: three slow sources are asked at the same time, and the answer is there with the slowest. */
import type { Handler } from "express-ring";
import { type Deferred, letFlow } from "express-ring/deferred";
import { inMilliseconds } from "express-ring/time";

export const dashboard: Handler = () => {
  const since = performance.now();
  const asked = { weather: ask("weather", 300), trains: ask("trains", 700), news: ask("news", 500) };
  return letFlow(asked, ({ weather, trains, news }) => ({
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ sources: [weather, trains, news], total: elapsed(since) }),
  }));
};

interface Answer {
  readonly name: string;
  /** How long it took, measured. */
  readonly milliseconds: number;
}

/** Stands for a database or a service that takes its time. */
function ask(name: string, milliseconds: number): Deferred<Answer> {
  const since = performance.now();
  return inMilliseconds(milliseconds, () => ({ name, milliseconds: elapsed(since) }));
}

function elapsed(since: number): number {
  return Math.round(performance.now() - since);
}
