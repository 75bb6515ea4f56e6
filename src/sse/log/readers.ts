import type { EventGap, FeedRequest } from "../feed.js";
import type { LogReader } from "./reader.js";

/** The readers of a log, and what they have missed. */
export class Readers {
  readonly #open = new Set<LogReader>();
  #gaps = 0;
  #missed = 0;
  #disconnected = 0;

  add(reader: LogReader): void {
    this.#open.add(reader);
    reader.onDrained(() => this.#open.delete(reader));
  }

  /** A request whose losses are counted. */
  counting(request: FeedRequest): FeedRequest {
    return {
      ...request,
      tell: (gap: EventGap, position?: string) => {
        this.#gaps++;
        this.#missed += gap.missed ?? 0;
        return request.tell(gap, position);
      },
      cut: () => {
        this.#disconnected++;
        request.cut();
      },
    };
  }

  stats(): { readers: number; gaps: number; missed: number; disconnected: number } {
    return {
      readers: this.#open.size,
      gaps: this.#gaps,
      missed: this.#missed,
      disconnected: this.#disconnected,
    };
  }

  close(): void {
    for (const reader of this.#open) reader.close();
  }
}
