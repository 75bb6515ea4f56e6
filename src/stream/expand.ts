import { ERROR, errorOf, SUCCESS } from "../deferred/core.js";
import { chain, type Deferred } from "../deferred/index.js";
import { Reduced, type Reducer, type Transducer } from "../transducers/transducer.js";
import { type Sourceable, toSource } from "./coerce.js";
import { consume } from "./consume.js";
import { type Puller, PullSource } from "./pull-source.js";
import type { Source } from "./types.js";

/** Makes any number of messages of each message, and may keep something in mind: a parser of pieces, say. */
export interface Expander<In, Out> {
  /** A throw is the end: what was added before it still counts. */
  push(message: In, outputs: Out[]): void;
  end(outputs: Out[]): void;
}

const END: unique symbol = Symbol("end");

type Step<T> = IteratorResult<T, undefined>;

const DONE: Step<never> = { done: true, value: undefined };

/** Reads a message when the outputs of those before have been taken. */
class Expansion<In, Out> implements Puller<Out> {
  readonly #source: Source<In>;
  readonly #expander: Expander<In, Out>;
  readonly #isDrained: boolean;
  #outputs: Out[] = [];
  #next = 0;
  #end: { readonly error?: unknown } | undefined;

  constructor(source: Source<In>, expander: Expander<In, Out>, isDrained: boolean) {
    this.#source = source;
    this.#expander = expander;
    this.#isDrained = isDrained;
  }

  next(): Step<Out> | Deferred<Step<Out>> {
    for (;;) {
      if (this.#next < this.#outputs.length) return { done: false, value: this.#outputs[this.#next++] as Out };
      if (this.#end !== undefined) return this.#last(this.#end);
      this.#outputs = [];
      this.#next = 0;
      const taken = this.#source.take<typeof END>(END);
      if (taken.stage === ERROR) throw errorOf(taken);
      if (taken.stage !== SUCCESS) {
        return chain(taken, (message) => {
          this.#expand(message as In | typeof END);
          return this.next();
        }) as Deferred<Step<Out>>;
      }
      this.#expand(taken.result as In | typeof END);
    }
  }

  #last(end: { readonly error?: unknown }): Step<Out> {
    if ("error" in end) throw end.error;
    return DONE;
  }

  #expand(message: In | typeof END): void {
    try {
      if (message !== END) this.#expander.push(message, this.#outputs);
      else {
        this.#end = {};
        this.#expander.end(this.#outputs);
      }
    } catch (error) {
      this.#end = { error };
      this.#letGo();
    }
  }

  cancel(): void {
    this.#outputs = [];
    this.#letGo();
  }

  #letGo(): void {
    if (this.#isDrained) void consume(() => {}, this.#source);
    else this.#source.close();
  }
}

/**
 * A source of what an expander makes of the messages of another, which is read no faster than its outputs are taken, and
 * closed with it. An error of either fails the take that comes to it, behind the outputs before it.
 *
 * @param isDrained Read what nobody wants and throw it away, where closing the source would take more with it.
 */
export function expandSource<In, Out>(
  source: Sourceable<In>,
  expander: Expander<In, Out>,
  type: string,
  isDrained = false,
): Source<Out> {
  return new PullSource(new Expansion(toSource(source), expander, isDrained), type);
}

function addAll<Acc, Out>(reducer: Reducer<Acc, Out>, accumulator: Acc, outputs: readonly Out[]): Acc | Reduced<Acc> {
  let result = accumulator;
  for (const output of outputs) {
    const next = reducer.step(result, output);
    if (next instanceof Reduced) return next;
    result = next;
  }
  return result;
}

/** The transducer that works as an expander does. */
export function expanding<In, Out>(makeExpander: () => Expander<In, Out>): Transducer<In, Out> {
  return (reducer) => {
    const expander = makeExpander();
    return {
      step: (accumulator, message) => {
        const outputs: Out[] = [];
        expander.push(message, outputs);
        return addAll(reducer, accumulator, outputs);
      },
      complete: (accumulator) => {
        const outputs: Out[] = [];
        expander.end(outputs);
        const result = addAll(reducer, accumulator, outputs);
        return reducer.complete(result instanceof Reduced ? result.value : result);
      },
    };
  };
}
