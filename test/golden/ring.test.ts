/**
 * Runs every recorded case of the real Ring libraries in `ring/*.json` against the kit: middleware in each style a handler
 * can answer in, and functions. What the kit does not have yet is counted, and runs as soon as it is exported.
 */

import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { isKeywordName } from "../../middleware/keyword-params.js";
import { deferred } from "../../src/deferred/index.js";
import { layOut, remove } from "./fixtures.js";
import {
  type Case,
  type Exchange,
  exchangesOf,
  type FunctionCase,
  isFunctionCase,
  type Json,
  type JsonMap,
  type MiddlewareCase,
  namesOf,
  optionsOf,
  tables,
  wrapsOf,
} from "./ring-cases.js";
import { exchangeRules, functionRules, type Rule } from "./ring-rules.js";
import { type AnyHandler, findFunction, findWrap, fromCallbacks, recreate } from "./ring-table.js";
import {
  differences,
  readArgument,
  readOptions,
  readRequest,
  readResponse,
  show,
  showResponse,
} from "./ring-values.js";

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** What the handler does in the exchange under way. */
type Act = (request: Record<string, unknown>) => Outcome;

interface Style {
  readonly name: string;
  /** Are errors that Ring's handlers raise errors here, too? */
  readonly raises: boolean;
  readonly handler: (act: Act) => AnyHandler;
}

function settled(outcome: Outcome): unknown {
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}

const styles: Style[] = [
  { name: "a value", raises: false, handler: (act) => (request) => settled(act(request)) },
  { name: "a promise", raises: true, handler: (act) => async (request) => settled(act(request)) },
  {
    name: "a deferred",
    raises: true,
    handler: (act) => (request) => {
      const later = deferred();
      const outcome = act(request);
      queueMicrotask(() => ("error" in outcome ? later.error(outcome.error) : later.success(outcome.value)));
      return later;
    },
  },
];

const callbacks = fromCallbacks();
if (callbacks !== undefined) {
  styles.push({
    name: "a callback",
    raises: true,
    handler: (act) =>
      callbacks(
        (request: Record<string, unknown>, respond: (value: unknown) => void, raise: (error: unknown) => void) => {
          const outcome = act(request);
          if ("error" in outcome) raise(outcome.error);
          else respond(outcome.value);
        },
      ) as AnyHandler,
  });
}

/** What earlier steps sent that later ones send back. */
class Captures {
  readonly #values = new Map<string, string>();

  take(step: number, request: Record<string, unknown> | undefined, response: Json): void {
    const headers = ((response as JsonMap | null)?.["headers"] ?? {}) as JsonMap;
    for (const line of [headers["Set-Cookie"] ?? []].flat() as readonly string[]) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) this.#values.set(`step${step}.setCookie.${name}`, value);
    }
    const token = request?.["antiForgeryToken"];
    if (typeof token === "string") this.#values.set(`step${step}.antiForgeryToken`, token);
  }

  /** The value with what was captured in place of its names. */
  fill<T>(value: T): T {
    const text = JSON.stringify(value)?.replace(/\{\{(step\d+\.[^|}]*)(?:\|(\w+))?\}\}/g, (whole, name, how) => {
      const captured = this.#values.get(name as string);
      if (captured === undefined) return whole as string;
      const form = how === "form" ? encodeURIComponent(captured) : captured;
      return JSON.stringify(how === "decoded" ? decodeURIComponent(form.replaceAll("+", " ")) : form).slice(1, -1);
    });
    return text === undefined ? value : (JSON.parse(text) as T);
  }
}

async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error };
  }
}

function ruled<T>(recorded: T, rules: readonly Rule<T>[]): T | undefined {
  let expected: T | undefined = recorded;
  for (const rule of rules) {
    if (expected === undefined || !rule.applies(expected)) continue;
    expected = rule.expect?.(expected);
  }
  return expected;
}

/** What is expected in a style in which the callback format's outcome counts. */
function raised({ async, ...exchange }: Exchange): Exchange {
  if (async === undefined) return exchange;
  const { response: _, throws: __, ...rest } = exchange;
  const { raised, ...outcome } = async;
  return { ...rest, ...outcome, ...(raised !== undefined && { throws: raised }) };
}

function actOf({ handler }: Exchange, style: Style): Outcome {
  const { response, throws, raises, sessionRecreate } = handler ?? {};
  if (throws !== undefined) return { error: new Error(throws) };
  if (raises !== undefined) return style.raises ? { error: new Error(raises) } : { value: null };
  const answer = readResponse(response);
  if (sessionRecreate === true && answer !== null) answer["session"] = recreate(answer["session"]);
  return { value: answer };
}

function thrownDifferences(expected: Exchange, outcome: Outcome): string[] {
  if (!("error" in outcome)) return [`throws: ${JSON.stringify(expected.throws)} expected, nothing was thrown`];
  const own = expected.handler?.throws ?? expected.handler?.raises;
  const { message } = outcome.error as Error;
  return own === undefined || own === message ? [] : [`throws: ${own} expected, ${message} found`];
}

async function sawDifferences(
  expected: Exchange,
  given: Record<string, unknown> | null,
  seen: Record<string, unknown> | undefined,
): Promise<string[]> {
  const { handlerSaw, handlerSawRemoved = [] } = expected;
  if (handlerSaw === undefined) return [];
  if (handlerSaw === null) return seen === undefined ? [] : ["handlerSaw: the handler was called"];
  if (seen === undefined) return ["handlerSaw: the handler was not called"];
  const { body: givenBody, ...givenRest } = given ?? {};
  const { body: seenBody, ...seenRest } = seen;
  const { body: _, ...sawRest } = handlerSaw;
  const wanted: Record<string, Json> = { ...((await show(givenRest)) as JsonMap), ...sawRest };
  for (const key of handlerSawRemoved) delete wanted[key];
  const wrong = differences(wanted, await show(seenRest), "handlerSaw", { strict: ["session"] });
  if (Object.hasOwn(handlerSaw, "body")) {
    wrong.push(
      ...differences({ body: handlerSaw["body"] ?? null }, { body: { value: await show(seenBody) } }, "handlerSaw"),
    );
  } else if (seenBody !== givenBody) {
    wrong.push("handlerSaw: the body was replaced");
  }
  return wrong;
}

/** Paths of the keys below a value that Ring would make keywords; a value's own keys of the kit have Clojure's spelling. */
function keywordPaths(value: Json, parseNamespaces: boolean, path: Json[] = []): string[] {
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value as JsonMap).flatMap(([name, inner]) => {
    const key = Array.isArray(value) ? Number(name) : name === "contentType" ? "content-type" : name;
    const here = [...path, key];
    const own = typeof key === "string" && isKeywordName(key, { parseNamespaces }) ? [JSON.stringify(here)] : [];
    const isBytes = typeof inner === "object" && Object.hasOwn(Object(inner), "base64");
    return isBytes ? own : [...own, ...keywordPaths(inner, parseNamespaces, here)];
  });
}

async function keywordDifferences(
  recorded: MiddlewareCase,
  { keywordKeys }: Exchange,
  seen: Record<string, unknown> | undefined,
): Promise<string[]> {
  const place = wrapsOf(recorded).indexOf("wrapKeywordParams");
  if (keywordKeys === undefined || place === -1) return [];
  const params = await show(seen?.["params"]);
  const found = keywordPaths(params, optionsOf(recorded)[place]?.["parseNamespaces"] === true);
  const expected = keywordKeys.map((path) => JSON.stringify(path));
  return differences(expected.sort(), found.sort(), "keywordKeys");
}

async function middlewareDifferences(recorded: MiddlewareCase, style: Style): Promise<string[]> {
  const cells: Record<string, unknown>[] = [];
  const calls: unknown[] = [];
  let act: Act = () => ({ value: null });
  const build = (): AnyHandler => {
    const options = optionsOf(recorded);
    return wrapsOf(recorded).reduce<AnyHandler>(
      (inner, name, index) => {
        const wrap = findWrap(name);
        if (wrap === undefined) throw new Error(`${name} is not here`);
        return wrap(inner, readOptions(options[index] ?? {}, cells, calls));
      },
      style.handler((request) => act(request)),
    );
  };
  if (recorded.throws?.at === "wrap") return thrownDifferences(recorded, await outcomeOf(build));
  const wrapped = build();
  const captures = new Captures();
  const wrong: string[] = [];
  for (const [step, exchange] of exchangesOf(recorded).entries()) {
    const ruledExchange = ruled(exchange, exchangeRules);
    if (ruledExchange === undefined) return wrong;
    const given = readRequest(captures.fill(exchange.request));
    let seen: Record<string, unknown> | undefined;
    act = (request) => {
      seen = request;
      return actOf(captures.fill(exchange), style);
    };
    const outcome = await outcomeOf(() => wrapped(given));
    const shown = "value" in outcome ? await showResponse(outcome.value) : null;
    captures.take(step, seen, shown);
    const expected = captures.fill(style.raises ? raised(ruledExchange) : ruledExchange);
    if (expected.throws !== undefined) wrong.push(...thrownDifferences(expected, outcome));
    else if ("error" in outcome)
      wrong.push(`throws: nothing expected, found ${String((outcome.error as Error).stack)}`);
    else wrong.push(...differences(expected.response, shown, "response", { strict: ["session"] }));
    wrong.push(...(await sawDifferences(expected, given, seen)));
    wrong.push(...(await keywordDifferences(recorded, exchange, seen)));
    if (expected.store !== undefined) wrong.push(...differences(expected.store, await show(cells[0] ?? {}), "store"));
    if (expected.storeCalls !== undefined)
      wrong.push(...differences(expected.storeCalls, await show(calls), "storeCalls"));
  }
  return wrong;
}

async function functionDifferences(recorded: FunctionCase): Promise<string[]> {
  const expected = ruled(recorded, functionRules);
  const called = findFunction(recorded.fn);
  if (expected === undefined || called === undefined) return [];
  const outcome = await outcomeOf(() => called(...expected.args.map(readArgument)));
  if (expected.throws !== undefined) return thrownDifferences({ throws: expected.throws }, outcome);
  if ("error" in outcome) return [`throws: nothing expected, found ${String((outcome.error as Error).stack)}`];
  return differences(expected.result ?? null, await show(outcome.value), "result", { lenient: true });
}

/** What a case needs and the kit does not have. */
function missing(recorded: Case): readonly string[] {
  const isHere = isFunctionCase(recorded) ? findFunction : findWrap;
  return namesOf(recorded).filter((name) => isHere(name) === undefined);
}

const cases = tables.flatMap(([, cases]) => cases);
const portable = cases.filter((recorded) => recorded.jvmOnly !== true);
const waiting = portable.filter((recorded) => missing(recorded).length > 0);
const run = new Set(portable.filter((recorded) => missing(recorded).length === 0));

/** One line for each rule that applies to something. */
function counted<T>(rules: readonly Rule<T>[], all: readonly T[]): string[] {
  return rules.flatMap(({ sentence, applies }) => {
    const count = all.filter(applies).length;
    return count === 0 ? [] : [`Rule, ${count} times: ${sentence}.`];
  });
}

beforeAll(layOut);
afterAll(remove);

// Some middleware is there to print.
beforeAll(() => {
  jest.spyOn(console, "log").mockImplementation(() => {});
  jest.spyOn(console, "error").mockImplementation(() => {});
});
afterAll(() => void jest.restoreAllMocks());

afterAll(() => {
  const counts = new Map<string, number>();
  for (const name of waiting.flatMap(missing)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const names = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${name} (${count})`);
  const lines = [
    `Ring's tables: ${cases.length} cases; ${run.size} run, middleware in ${styles.length} styles, ` +
      `${cases.length - portable.length} are the JVM's.`,
    ...counted(
      exchangeRules,
      [...run].flatMap((recorded) => (isFunctionCase(recorded) ? [] : exchangesOf(recorded))),
    ),
    ...counted(functionRules, [...run].filter(isFunctionCase)),
  ];
  if (waiting.length > 0) lines.push(`${waiting.length} cases wait for what is not here yet: ${names.join(", ")}`);
  process.stdout.write(`${lines.join("\n")}\n`);
});

async function casesDifferences(recorded: Case): Promise<string[]> {
  if (isFunctionCase(recorded)) return functionDifferences(recorded);
  const wrong: string[] = [];
  for (const style of styles) {
    const differing = await middlewareDifferences(recorded, style);
    wrong.push(...differing.map((line) => `with a handler that answers by ${style.name}: ${line}`));
  }
  return wrong;
}

describe.each(
  tables
    .map(([table, all]) => [table, all.filter((recorded) => run.has(recorded))] as const)
    .filter(([, all]) => all.length > 0),
)("%s.json", (_table, here) => {
  it.each(here.map((recorded) => [recorded.id, recorded] as const))("%s", async (_id, recorded) => {
    expect(await casesDifferences(recorded)).toEqual([]);
  });
});

describe("the runner", () => {
  it("reads every table, and knows every case's format", () => {
    expect(tables.length).toBeGreaterThan(30);
    for (const recorded of cases) {
      const keys = ["id", isFunctionCase(recorded) ? "args" : "options"];
      expect(Object.keys(recorded)).toEqual(expect.arrayContaining(keys));
    }
  });

  it("runs what the kit exports", () => {
    const names = new Set([...run].flatMap(namesOf));
    expect([...names]).toEqual(
      expect.arrayContaining([
        "wrapParams",
        "wrapCookies",
        "wrapContentType",
        "wrapNotModified",
        "wrapHead",
        "formEncode",
      ]),
    );
  });

  const answering = (response: JsonMap, expected: JsonMap): MiddlewareCase => ({
    id: "made up",
    middleware: "wrapCookies",
    options: {},
    request: { headers: {} },
    handler: { response },
    handlerSaw: { cookies: {} },
    response: expected,
  });

  it.each([
    [
      "a Set-Cookie header that is a string",
      { headers: { "Set-Cookie": "x=y" }, cookies: { a: "b" } },
      { headers: { "Set-Cookie": ["x", "=", "y", "a=b"] } },
    ],
    [
      "a line break in a cookie",
      { cookies: { a: { value: "b", path: "/\r\nx" } } },
      { headers: { "Set-Cookie": ["a=b; Path=/\r\nx"] } },
    ],
  ])("has a rule for %s", async (_what, response, expected) => {
    expect(await casesDifferences(answering(response, expected))).toEqual([]);
  });

  it("has a rule for a sealed session of nothing but dashes", async () => {
    const key = { base64: Buffer.from("a 16-byte secret").toString("base64") };
    const recorded: Case = {
      id: "made up",
      fn: "cookieStoreRead",
      args: [{ key }, "----"],
      throws: { kind: "NullPointerException", accidental: true },
    };
    expect(await casesDifferences(recorded)).toEqual([]);
    expect(await casesDifferences({ ...recorded, throws: { kind: "Exception" } })).not.toEqual([]);
  });

  const redirecting = (host: JsonMap, location: string, expected: string): MiddlewareCase => ({
    id: "made up",
    middleware: "wrapAbsoluteRedirects",
    options: {},
    request: { headers: host, scheme: "https", uri: "/a" },
    handler: { response: { status: 302, headers: { Location: location } } },
    handlerSaw: {},
    response: { status: 302, headers: { Location: expected } },
  });

  it.each([
    ["a redirect without a Host header", redirecting({}, "/b", "https:/b")],
    ["a redirect by a Host header with a path", redirecting({ host: "evil.com/" }, "/b", "https://evil.com//b")],
    ["a Location without a name in it", redirecting({ host: "h" }, "//?b", "https:/a?b")],
    ["a line break in a Location", redirecting({ host: "h" }, "/b\r\nc", "https://h/b\r\nc")],
    [
      "a redirect to https without a Host header",
      {
        id: "made up",
        middleware: "wrapSslRedirect",
        options: {},
        request: { headers: {}, scheme: "http", uri: "/a", requestMethod: "get" },
        handler: { response: null },
        handlerSaw: null,
        response: { status: 301, headers: { Location: "https:/a" }, body: { text: "" } },
      },
    ],
  ])("has a rule for %s", async (_what, recorded) => {
    expect(await casesDifferences(recorded)).toEqual([]);
  });

  it("finds a wrong response, a wrong request, a throw and the lack of one, in every style", async () => {
    const right = answering({ cookies: { a: "b" } }, { headers: { "Set-Cookie": ["a=b"] } });
    const wrong: Case[] = [
      { ...right, response: { headers: { "Set-Cookie": ["a=c"] } } },
      { ...right, handlerSaw: {} },
      { ...right, handlerSaw: null },
      { ...right, handler: { throws: "boom" } },
      { ...right, throws: { kind: "Exception" } },
    ];
    expect(await casesDifferences(right)).toEqual([]);
    for (const recorded of wrong) {
      const lines = await casesDifferences(recorded);
      for (const { name } of styles) expect(lines.join("\n")).toContain(`by ${name}:`);
    }
  });

  it.each<[string, Json, Json]>([
    ["another value", { a: [1, "b"] }, { a: [1, "c"] }],
    ["a missing key", { a: 1 }, {}],
    ["a key too many", {}, { a: 1 }],
    ["a shorter list", ["a", "b"], ["a"]],
    ["a text for a wildcard", { a: "{{any:uuid}}" }, { a: "no uuid" }],
    ["false for null", null, false],
    ["bytes for text", { body: { text: "a" } }, { body: { base64: "YQ==" } }],
  ])("sees %s", (_what, expected, actual) => {
    expect(differences(expected, actual, "it")).not.toEqual([]);
  });

  it.each<[string, Json, Json]>([
    ["a wildcard in a value and in a key", { "x-{{any}}": "{{any:token}}!" }, { "x-1": `${"a".repeat(80)}!` }],
    ["null for an absent key", { a: null }, {}],
    ["the same stream in another spelling", { stream: { text: "é" } }, { stream: { base64: "w6k=" } }],
  ])("takes %s", (_what, expected, actual) => {
    expect(differences(expected, actual, "it")).toEqual([]);
  });
});
