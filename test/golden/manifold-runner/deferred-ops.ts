/** Ops on deferreds. */
import pDefer from "p-defer";
import * as d from "../../../src/deferred/index.js";
import { type Binding, type LetFlowOptions, letFlow } from "./flow.js";
import { fn, handler, logging } from "./library.js";
import { type LoopOptions, loops } from "./loops.js";
import type { Ops } from "./ops.js";
import type { Json } from "./program.js";
import { decode, errorClass, failure, input } from "./values.js";
import { found, type World } from "./world.js";

const inc = (n: number): number => n + 1;
type AnyChain = (x: unknown, ...stages: unknown[]) => d.Deferred<unknown>;

/** A token that belongs to no deferred, under a name that was never claimed. */
const foreignToken = {} as d.ClaimToken;
const token = (world: World, name: string): d.ClaimToken => world.tokens.get(name) ?? foreignToken;

export const deferredOps = {
  deferred: (world, name: string) => void world.deferreds.set(name, d.deferred()),
  successDeferred: (world, name: string, value: Json) =>
    void world.deferreds.set(name, d.successDeferred(decode(world, value))),
  errorDeferred: (world, name: string, message: string, options: { class?: string } = {}) =>
    void world.deferreds.set(name, d.errorDeferred(failure(message, options.class))),

  success: (world, name: string, value: Json) => d.success(world.deferred(name), decode(world, value)),
  error: (world, name: string, message: string, options: { class?: string } = {}) =>
    d.error(world.deferred(name), failure(message, options.class)),
  errorValue: (world, name: string, value: Json) => d.error(world.deferred(name), decode(world, value)),
  claim: (world, name: string, tokenName: string) => {
    const claimed = d.claim(world.deferred(name));
    if (claimed !== null) world.tokens.set(tokenName, claimed);
    return claimed !== null;
  },
  successWith: (world, name: string, value: Json, tokenName: string) =>
    d.success(world.deferred(name), decode(world, value), token(world, tokenName)),
  errorWith: (world, name: string, message: string, tokenName: string) =>
    d.error(world.deferred(name), failure(message), token(world, tokenName)),

  onRealized: (world, log: string, name: string, as?: string) => {
    world.log(log);
    const heard = logging(world, log, as);
    d.onRealized(
      world.deferred(name),
      (value) => heard.onSuccess(value),
      (error) => heard.onError(error),
    );
  },
  onRealizedThrow: (world, log: string, name: string) => {
    world.log(log);
    const heard = logging(world, log);
    const boom = (): never => {
      throw failure("listener");
    };
    d.onRealized(
      world.deferred(name),
      (value) => {
        heard.onSuccess(value);
        boom();
      },
      (error) => {
        heard.onError(error);
        boom();
      },
    );
  },
  onRealizedDo: (world, _: string, name: string, spec: string, errorSpec = "identity") =>
    void d.onRealized(world.deferred(name), fn(world, spec), fn(world, errorSpec)),
  addListener: (world, name: string, log: string, deferredName: string) => {
    world.log(log);
    const made = logging(world, log, name);
    world.listeners.set(name, made);
    return d.addListener(world.deferred(deferredName), made);
  },
  cancelListener: (world, name: string, deferredName: string) =>
    d.cancelListener(world.deferred(deferredName), found(world.listeners, name)),
  listeners: (world, name: string, source: string, count: number) => {
    const result = d.deferred();
    let calls = 0;
    const call = (): void => void (++calls === count && d.success(result, count));
    for (let i = 0; i < count; i++) d.onRealized(world.deferred(source), call, call);
    world.deferreds.set(name, result);
  },

  chain: (world, name: string, source: Json, specs: readonly string[], options: { prime?: boolean } = {}) => {
    const chained = (options.prime === true ? d.chainPrime : d.chain) as AnyChain;
    world.deferreds.set(name, chained(input(world, source), ...specs.map((spec) => fn(world, spec))));
  },
  nestedChain: (world, name: string, depth: number, value: Json, specs: readonly string[]) => {
    let nested = decode(world, value);
    for (let i = 0; i < depth; i++) nested = d.successDeferred(nested);
    world.deferreds.set(name, (d.chain as AnyChain)(nested, ...specs.map((spec) => fn(world, spec))));
  },
  chainLine: (world, name: string, source: string, count: number) => {
    let end = world.deferred(source) as d.Deferred<number>;
    for (let i = 0; i < count; i++) end = d.chain(end, inc);
    world.deferreds.set(name, end as d.Deferred<unknown>);
  },
  catch: (world, name: string, source: Json, spec: string, options: { class?: string } = {}) => {
    const handle = handler(world, spec);
    const x = input(world, source);
    const { class: className } = options;
    world.deferreds.set(
      name,
      className === undefined ? d.catchError(x, handle) : d.catchError(x, errorClass(className), handle),
    );
  },
  finally: (world, name: string, source: Json, log: string, options: { throw?: string; return?: string } = {}) => {
    world.log(log);
    const clean = (): unknown => {
      world.log(log).push("finally");
      if (options.throw !== undefined) throw failure(options.throw);
      return options.return === undefined ? null : world.deferred(options.return);
    };
    world.deferreds.set(name, d.finallyDo(input(world, source), clean));
  },
  zip: (world, name: string, sources: readonly Json[]) =>
    void world.deferreds.set(name, d.zip(...sources.map((source) => input(world, source)))),
  alt: (world, name: string, sources: readonly Json[]) =>
    void world.deferreds.set(name, d.alt(...sources.map((source) => input(world, source)))),
  connectDeferred: (world, source: Json, name: string) => d.connect(input(world, source), world.deferred(name)),
  connectLine: (world, name: string, source: string, count: number) => {
    let end = world.deferred(source);
    for (let i = 0; i < count; i++) {
      const next = d.deferred();
      d.connect(end, next);
      end = next;
    }
    world.deferreds.set(name, end);
  },
  timeout: (world, name: string, milliseconds: number | null, options?: { value: Json }) => {
    const target = world.deferred(name);
    if (options === undefined) d.timeout(target, milliseconds);
    else d.timeout(target, milliseconds, decode(world, options.value));
  },
  letFlow: (world, name: string, bindings: readonly Binding[], body: string, options: LetFlowOptions = {}) => {
    if (options.log !== undefined) world.log(options.log);
    world.deferreds.set(name, letFlow(world, bindings, body, options));
  },
  loop: (world, name: string, options: LoopOptions) =>
    void world.deferreds.set(name, loops[options.kind](world, options)),

  external: (world, name: string) => {
    const external = pDefer<unknown>();
    // The program may reject it before anybody listens.
    external.promise.catch(() => {});
    world.externals.set(name, external);
  },
  resolve: (world, name: string, value: Json) => {
    found(world.externals, name).resolve(decode(world, value));
    return true;
  },
  reject: (world, name: string, message: string) => {
    found(world.externals, name).reject(failure(message));
    return true;
  },
  toDeferred: (world, name: string, source: Json) =>
    void world.deferreds.set(name, d.toDeferred(input(world, source) as d.Deferrable<unknown>)),
  toDeferredOr: (world, _: string, source: Json, fallback: Json) => {
    const coerced = d.toDeferred(input(world, source), fallback);
    return d.isDeferred(coerced) ? "deferred" : coerced;
  },
  unwrap: (world, source: Json) => d.unwrap(input(world, source)),
  isRealized: (world, name: string) => d.isRealized(world.deferred(name)),
  isDeferred: (world, source: Json) => d.isDeferred(input(world, source)),
  isDeferrable: (world, source: Json) => d.isDeferrable(input(world, source)),
} satisfies Ops;
