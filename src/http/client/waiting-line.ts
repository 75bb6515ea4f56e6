/** The requests that wait for a connection of one host, in the order they came. */

/** Something that can stand in one line at a time. */
export abstract class InLine {
  /** @internal */
  before: InLine | undefined;
  /** @internal */
  behind: InLine | undefined;
  /** @internal */
  isWaiting = false;
}

/**
 * A line that can be left from any place.
 *
 * Whoever leaves it points at nobody any more. The obsolete tables of a Map, or a queue's nodes that still know the next,
 * do; once one of them is old, V8's young collections keep everybody who came later, and cost more than the requests.
 */
export class WaitingLine<T extends InLine> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(one: T): void {
    const last = this.#last;
    if (last === undefined) this.#first = one;
    else last.behind = one;
    one.before = last;
    one.isWaiting = true;
    this.#last = one;
    this.#size++;
  }

  /** The one that has waited longest; undefined if there is nobody. */
  shift(): T | undefined {
    const first = this.#first;
    if (first !== undefined) this.delete(first);
    return first;
  }

  /** Lets somebody leave who is in this line, or in none. */
  delete(one: T): void {
    if (!one.isWaiting) return;
    const before = one.before as T | undefined;
    const behind = one.behind as T | undefined;
    if (before === undefined) this.#first = behind;
    else before.behind = behind;
    if (behind === undefined) this.#last = before;
    else behind.before = before;
    one.before = undefined;
    one.behind = undefined;
    one.isWaiting = false;
    this.#size--;
  }
}
