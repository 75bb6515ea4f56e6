/** Composes middleware in the order of Clojure's `->`. */

import { partOf } from "./tag.js";

// biome-ignore format: a table
export interface Pipe {
  <A>(handler: A): A;
  <A, B>(handler: A, a: (handler: A) => B): B;
  <A, B, C>(handler: A, a: (handler: A) => B, b: (handler: B) => C): C;
  <A, B, C, D>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D): D;
  <A, B, C, D, E>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E): E;
  <A, B, C, D, E, F>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F): F;
  <A, B, C, D, E, F, G>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G): G;
  <A, B, C, D, E, F, G, H>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H): H;
  <A, B, C, D, E, F, G, H, I>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I): I;
  <A, B, C, D, E, F, G, H, I, J>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J): J;
  <A, B, C, D, E, F, G, H, I, J, K>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K): K;
  <A, B, C, D, E, F, G, H, I, J, K, L>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L): L;
  <A, B, C, D, E, F, G, H, I, J, K, L, M>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M): M;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N): N;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N, O>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N, n: (handler: N) => O): O;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N, n: (handler: N) => O, o: (handler: O) => P): P;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N, n: (handler: N) => O, o: (handler: O) => P, p: (handler: P) => Q): Q;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N, n: (handler: N) => O, o: (handler: O) => P, p: (handler: P) => Q, q: (handler: Q) => R): R;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N, n: (handler: N) => O, o: (handler: O) => P, p: (handler: P) => Q, q: (handler: Q) => R, r: (handler: R) => S): S;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N, n: (handler: N) => O, o: (handler: O) => P, p: (handler: P) => Q, q: (handler: Q) => R, r: (handler: R) => S, s: (handler: S) => T): T;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N, n: (handler: N) => O, o: (handler: O) => P, p: (handler: P) => Q, q: (handler: Q) => R, r: (handler: R) => S, s: (handler: S) => T, t: (handler: T) => U): U;
  <A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T, U, V>(handler: A, a: (handler: A) => B, b: (handler: B) => C, c: (handler: C) => D, d: (handler: D) => E, e: (handler: E) => F, f: (handler: F) => G, g: (handler: G) => H, h: (handler: H) => I, i: (handler: I) => J, j: (handler: J) => K, k: (handler: K) => L, l: (handler: L) => M, m: (handler: M) => N, n: (handler: N) => O, o: (handler: O) => P, p: (handler: P) => Q, q: (handler: Q) => R, r: (handler: R) => S, s: (handler: S) => T, t: (handler: T) => U, u: (handler: U) => V): V;
  /** A list of middleware, of which all take one kind of handler and give one. */
  <A, B extends A>(handler: A, ...wraps: readonly ((handler: A) => B)[]): B;
}

/**
 * Hands a handler through middleware: the first is the innermost, next to the handler, the last the outermost, which
 * meets requests first. Types follow, so a handler that reads what no middleware adds does not compile.
 *
 * @example
 * const app = pipe(handler, wrapCookies, (inner) => wrapParams(inner, { maxBytes: 10_000 }));
 * @see Source: Clojure's `->`.
 */
export const pipe: Pipe = (handler: unknown, ...wraps: ((handler: never) => unknown)[]): never => {
  let wrapped = partOf(nameOf(handler) ?? "handler", undefined, handler);
  for (const wrap of wraps) {
    const inner = wrapped;
    const outer = wrap(inner as never);
    wrapped = partOf(nameOf(wrap) ?? nameOf(outer) ?? "(anonymous)", inner, outer);
  }
  return wrapped as never;
};

/** The name of a function that has one. */
function nameOf(x: unknown): string | undefined {
  return typeof x === "function" && x.name !== "" ? x.name : undefined;
}
