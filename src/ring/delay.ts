/** A value that is made when it is first wanted. Source: Clojure's delay. */
export class Delay<T extends object | string> {
  readonly #make: () => T;
  #value: T | undefined;

  constructor(make: () => T) {
    this.#make = make;
  }

  /** The value; made by the first call. */
  force(): T {
    this.#value ??= this.#make();
    return this.#value;
  }
}
