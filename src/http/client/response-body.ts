import { pipeline, Readable, type Transform } from "node:stream";

/** Whose body it is. */
export interface BodyOwner {
  /** There is room for more. */
  wanted(): void;
  /** Nobody wants the rest, or it has failed. */
  closed(): void;
}

const ignore = (): void => {};

/** A body that goes through something; whoever lets go of one end lets go of the other. */
export function piped<T extends Transform>(from: Readable, through: T): T {
  pipeline(from, through, ignore);
  // As for every body: an error that nobody waits for is nobody's concern.
  return through.on("error", ignore);
}

/** The body of a response, as it comes. */
export class ResponseBody extends Readable {
  readonly #owner: BodyOwner;

  constructor(owner: BodyOwner, highWaterMark: number) {
    super({ highWaterMark });
    this.#owner = owner;
    // An error of a body that nobody reads is nobody's concern; a reader sees it, early or late.
    this.on("error", ignore);
  }

  override _read(): void {
    this.#owner.wanted();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#owner.closed();
    callback(error);
  }
}
