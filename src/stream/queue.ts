/** A first-in, first-out queue in a ring that grows by doubling. */
export class Queue<T> {
  #ring: (T | undefined)[] = new Array(8);
  #head = 0;
  length = 0;

  push(element: T): void {
    const size = this.#ring.length;
    if (this.length === size) this.#grow();
    this.#ring[(this.#head + this.length++) & (this.#ring.length - 1)] = element;
  }

  /** The oldest element, taken off; undefined if there is none (so ask `length` where elements may be undefined). */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const element = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.length--;
    return element;
  }

  /** The oldest element, left in place. */
  oldest(): T | undefined {
    return this.length === 0 ? undefined : this.#ring[this.#head];
  }

  /** The newest element, left in place. */
  newest(): T | undefined {
    return this.length === 0 ? undefined : this.#ring[(this.#head + this.length - 1) & (this.#ring.length - 1)];
  }

  /** The newest element, taken off. */
  pop(): T | undefined {
    if (this.length === 0) return undefined;
    const place = (this.#head + --this.length) & (this.#ring.length - 1);
    const element = this.#ring[place];
    this.#ring[place] = undefined;
    return element;
  }

  /** Keeps only the elements that pass. */
  retain(passes: (element: T) => boolean): void {
    const kept = [...this].filter(passes);
    this.#ring = new Array(Math.max(8, 2 ** Math.ceil(Math.log2(kept.length + 1))));
    this.#head = 0;
    this.length = kept.length;
    for (let place = 0; place < kept.length; place++) this.#ring[place] = kept[place];
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.length; i++) yield this.#ring[(this.#head + i) & (this.#ring.length - 1)] as T;
  }

  #grow(): void {
    const size = this.#ring.length;
    const ring: (T | undefined)[] = new Array(size * 2);
    for (let i = 0; i < size; i++) ring[i] = this.#ring[(this.#head + i) & (size - 1)];
    this.#ring = ring;
    this.#head = 0;
  }
}
