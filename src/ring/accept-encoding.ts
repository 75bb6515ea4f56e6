/** Which content codings a client takes, and which it likes best. */

import Negotiator from "negotiator";
import type { HeaderValue } from "./types.js";

/** Headers that are remembered: browsers send very few. */
const MAX_KNOWN = 100;
const MAX_LENGTH = 200;

interface Negotiation {
  encodings(available: readonly string[], options: { readonly preferred: readonly string[] }): string[];
}

/** Chooses among codings. */
export class EncodingChoice<E extends string> {
  readonly #available: readonly string[];
  readonly #preferred: readonly string[];
  readonly #known = new Map<string, readonly E[]>();

  /** @param encodings The best first: it is taken where the client has no opinion. */
  constructor(encodings: readonly E[]) {
    this.#preferred = encodings;
    this.#available = [...encodings, "identity"];
  }

  /** The codings the client takes rather than none, the one it likes best first. */
  accepted(acceptEncoding: string | undefined): readonly E[] {
    if (acceptEncoding === undefined) return [];
    const known = this.#known.get(acceptEncoding);
    if (known !== undefined) return known;
    const negotiation = new Negotiator({ headers: { "accept-encoding": acceptEncoding } }) as unknown as Negotiation;
    const liked = negotiation.encodings(this.#available, { preferred: this.#preferred });
    const identity = liked.indexOf("identity");
    const accepted = (identity === -1 ? liked : liked.slice(0, identity)) as E[];
    if (acceptEncoding.length <= MAX_LENGTH && this.#known.size < MAX_KNOWN) this.#known.set(acceptEncoding, accepted);
    return accepted;
  }
}

/** The value of a Vary header with one name more. */
export function varyWith(value: HeaderValue | undefined, name: string): string {
  const names = Array.isArray(value) ? value.join(", ") : String(value ?? "");
  if (names === "") return name;
  const lower = names.toLowerCase().split(/\s*,\s*/);
  return lower.includes(name.toLowerCase()) || lower.includes("*") ? names : `${names}, ${name}`;
}
