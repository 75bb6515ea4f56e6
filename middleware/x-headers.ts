/** Headers that tell browsers to be careful. Source: `ring.middleware.x-headers`. */

import { InvalidArgumentError } from "../src/errors/index.js";
import { withHeaders, wrapFixedHeader } from "../src/ring/fixed-headers.js";
import type { Handler, RingRequest, RingResponse } from "../src/ring/types.js";

/** Who may show a page in a frame: nobody, pages of the same origin, or those of one origin. */
export type FrameOptions = "deny" | "sameorigin" | { readonly allowFrom: string };

/** What an old browser does about a script that it takes for injected. */
export interface XssProtectionOptions {
  readonly mode: "block";
}

type Answer = RingResponse | null | undefined;

// oxlint-disable-next-line no-control-regex -- what would end the header, or hide in it
const UNPRINTABLE = /[\0-\x1f\x7f]/;

function isFrameOptions(options: unknown): options is FrameOptions {
  if (options === "deny" || options === "sameorigin") return true;
  if (options === null || typeof options !== "object") return false;
  const { allowFrom, ...others } = options as { allowFrom?: unknown };
  return typeof allowFrom === "string" && !UNPRINTABLE.test(allowFrom) && Object.keys(others).length === 0;
}

const frameOptionsValue = (options: FrameOptions): string =>
  typeof options === "string" ? options.toUpperCase() : `ALLOW-FROM ${options.allowFrom}`;

/**
 * Puts X-Frame-Options on a response; one that it has is replaced.
 *
 * @example
 * frameOptionsResponse({ status: 200, headers: {} }, "deny").headers; // => { "X-Frame-Options": "DENY" }
 * @see Source: `ring.middleware.x-headers/frame-options-response`.
 */
export function frameOptionsResponse<R extends Answer>(response: R, options: FrameOptions): R {
  return withHeaders(response, { "X-Frame-Options": frameOptionsValue(options) });
}

/**
 * Middleware: tells browsers who may show this application's pages in a frame, so that nobody lays something over them
 * (clickjacking). Browsers of today do not know `allowFrom`; there it takes a Content-Security-Policy.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for anything but a {@link FrameOptions}.
 * @example
 * const app = wrapFrameOptions(handler, "sameorigin");
 * @see Source: `ring.middleware.x-headers/wrap-frame-options`.
 */
export function wrapFrameOptions<R extends RingRequest>(handler: Handler<R>, options: FrameOptions): Handler<R> {
  if (!isFrameOptions(options)) {
    throw new InvalidArgumentError(
      'wrapFrameOptions: give "deny", "sameorigin" or { allowFrom: "https://example.com" }',
    );
  }
  return wrapFixedHeader("wrapFrameOptions", handler, "X-Frame-Options", frameOptionsValue(options));
}

/**
 * Puts X-Content-Type-Options on a response; one that it has is replaced.
 *
 * @see Source: `ring.middleware.x-headers/content-type-options-response`.
 */
export function contentTypeOptionsResponse<R extends Answer>(response: R, options: "nosniff"): R {
  return withHeaders(response, { "X-Content-Type-Options": options });
}

/**
 * Middleware: tells browsers to believe the content-type, so that nothing uploaded as an image runs as a script.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for anything but "nosniff".
 * @example
 * const app = wrapContentTypeOptions(handler, "nosniff");
 * @see Source: `ring.middleware.x-headers/wrap-content-type-options`.
 */
export function wrapContentTypeOptions<R extends RingRequest>(handler: Handler<R>, options: "nosniff"): Handler<R> {
  if (options !== "nosniff") throw new InvalidArgumentError('wrapContentTypeOptions: the one option is "nosniff"');
  return wrapFixedHeader("wrapContentTypeOptions", handler, "X-Content-Type-Options", options);
}

const xssProtectionValue = (enable: boolean | null | undefined, options: XssProtectionOptions | null | undefined) =>
  (enable ? "1" : "0") + (options === null || options === undefined ? "" : "; mode=block");

/**
 * Puts X-XSS-Protection on a response; one that it has is replaced.
 *
 * @example
 * xssProtectionResponse({ headers: {} }, true, { mode: "block" }).headers; // => { "X-XSS-Protection": "1; mode=block" }
 * @see Source: `ring.middleware.x-headers/xss-protection-response`.
 */
export function xssProtectionResponse<R extends Answer>(
  response: R,
  enable: boolean | null | undefined,
  options?: XssProtectionOptions | null,
): R {
  return withHeaders(response, { "X-XSS-Protection": xssProtectionValue(enable, options) });
}

/**
 * Middleware: switches the script filter of old browsers on or off. Browsers of today have none; off is the safer choice
 * where they have.
 *
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, in place, for options that are not `{ mode: "block" }`.
 * @example
 * const app = wrapXssProtection(handler, true, { mode: "block" });
 * @see Source: `ring.middleware.x-headers/wrap-xss-protection`.
 */
export function wrapXssProtection<R extends RingRequest>(
  handler: Handler<R>,
  enable: boolean | null | undefined,
  options?: XssProtectionOptions | null,
): Handler<R> {
  if (options !== null && options !== undefined) {
    const { mode, ...others } = options;
    if (mode !== "block" || Object.keys(others).length > 0) {
      throw new InvalidArgumentError('wrapXssProtection: the options are { mode: "block" }, or nothing');
    }
  }
  return wrapFixedHeader("wrapXssProtection", handler, "X-XSS-Protection", xssProtectionValue(enable, options));
}
