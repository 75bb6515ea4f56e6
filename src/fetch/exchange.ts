import type { IncomingMessage, ServerResponse } from "node:http";
import { type Awaitable, andThen } from "../deferred/index.js";
import { logError } from "../errors/index.js";
import { Exchange, failureResponse, type Head, InvalidResponseError, serve } from "../message/index.js";
import type { RingResponse } from "../ring/types.js";
import { FetchResponse } from "./response.js";

/** What becomes of requests that the handler does not answer, or fails to. */
export interface Rest {
  /** Gives out the answer to a request that is not the handler's. */
  pass(): Awaitable<Response>;
  readonly errorHandler: ((error: unknown) => Awaitable<RingResponse | null | undefined>) | undefined;
}

/** A request of fetch and the way to its answer. */
export class FetchExchange extends Exchange {
  readonly #request: Request;
  readonly #answer: (response: Awaitable<Response>) => void;
  readonly #rest: Rest;
  #hasFailed = false;

  constructor(request: Request, answer: (response: Awaitable<Response>) => void, rest: Rest) {
    const { method, url, signal } = request;
    const { pathname } = new URL(url);
    const res = new FetchResponse(answer);
    // As much of them as what sends responses looks at.
    const req = { method, url: pathname, httpVersionMajor: 1, socket: { destroyed: false } };
    super(req as unknown as IncomingMessage, res as unknown as ServerResponse);
    this.#request = request;
    this.#answer = answer;
    this.#rest = rest;
    const leave = (): void => res.leave(signal.reason);
    if (signal.aborted) leave();
    else {
      signal.addEventListener("abort", leave);
      this.onGone(() => signal.removeEventListener("abort", leave));
    }
  }

  override becomeNodes(): boolean {
    return false;
  }

  override get rawHeaders(): readonly string[] {
    return [...this.#request.headers].flat();
  }

  override checkHead({ status }: Head): void {
    if (status >= 200 && status <= 599) return;
    throw new InvalidResponseError(this.route, `has the status ${status}; those of fetch are from 200 to 599`);
  }

  protected override pass(): void {
    (this.res as unknown as FetchResponse).handOver();
    this.#answer(this.#rest.pass());
  }

  protected override fail(error: unknown): void {
    const { errorHandler } = this.#rest;
    const plain = (): RingResponse => failureResponse(error, this.route);
    if (errorHandler === undefined || this.#hasFailed) serve(plain, undefined, this);
    else {
      this.#hasFailed = true;
      serve(() => andThen(errorHandler(error), (response) => response ?? plain()), undefined, this);
    }
  }

  override cut(error: unknown): void {
    logError(error, `the body of the response to ${this.route} failed; it ends in the middle`);
    (this.res as unknown as FetchResponse).fail(error);
  }
}
