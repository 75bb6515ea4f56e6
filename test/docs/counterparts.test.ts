/** Does the guide have a row for everything that somebody comes from another package with? */
import { METHODS } from "node:http";
import { describe, expect, it } from "@jest/globals";
import express from "express";
import express4 from "express-4";
import { got } from "got";
import { readProjectFile } from "../sources.js";
import { clojureNames, clojureOptions } from "./clojure-names.js";
import { cellsBelow } from "./tables.js";

const guide = readProjectFile("migration-guide.md");

/** What stands in backticks in the first column of the tables below a heading. */
const listed = (heading: string): string[] =>
  cellsBelow(guide, heading).flatMap(([first = ""]) =>
    [...first.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string),
  );

/** The names that no such piece of code begins with; `prefix` stands before each. */
function missing(heading: string, names: readonly string[], prefix = ""): string[] {
  const said = listed(heading).map((code) => /^[\w.]+/.exec(code)?.[0]);
  return names.filter((name) => !said.includes(prefix + name));
}

const ownNames = (value: object): string[] => Object.getOwnPropertyNames(value);

describe("the guide, for those who come from Express", () => {
  it.each([
    ["5", express],
    ["4", express4],
  ])("has every property of responses of Express %s", (_version, { response }) => {
    // In Express 4 this one is deprecated for its spelling.
    expect(missing("`res`, name by name", ownNames(response), "res.").filter((name) => name !== "sendfile")).toEqual(
      [],
    );
  });

  it.each([
    ["5", express],
    ["4", express4],
  ])("has every property of requests of Express %s", (_version, { request }) => {
    expect(missing("`req`, name by name", ownNames(request), "req.")).toEqual([]);
  });

  it("has every property of apps", () => {
    const verbs = METHODS.map((method) => method.toLowerCase());
    const internal = ["init", "defaultConfiguration", "handle", ...verbs];
    const names = Object.keys(express.application).filter((name) => !internal.includes(name));
    expect(missing("`app`, routers and patterns", names, "app.")).toEqual([]);
  });
});

describe("the guide, for those who come from another client", () => {
  it("has every option of axios", () => {
    const types = readProjectFile("node_modules/axios/index.d.ts");
    const [config = ""] = /interface AxiosRequestConfig<[^]*?\n\s*}\n/.exec(types) ?? [];
    const names = [...config.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name as string);
    expect(names).toEqual(expect.arrayContaining(["url", "signal", "maxRate"]));

    expect(missing("axios, option by option", names)).toEqual([]);
  });

  it("has every option of got", () => {
    const prototype = Object.getPrototypeOf(got.defaults.options) as object;
    const options = Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(
      ([, property]) => "get" in property,
    );
    const names = options.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(["url", "retry", "https"]));
    expect(missing("got, option by option", names)).toEqual([]);
  });

  it("has every option of fetch", () => {
    const names =
      "method headers body redirect cache credentials mode referrer referrerPolicy integrity keepalive signal window";
    expect(missing("fetch, option by option", [...names.split(" "), "duplex", "priority", "dispatcher"])).toEqual([]);
  });
});

/** Namespaces whose names stand in the table of another one. */
const TOLD_WITH: Readonly<Record<string, string>> = {
  "manifold.go-off": "manifold.deferred",
  "ring.adapter.jetty": "aleph.http",
  "ring.core.protocols": "aleph.http",
  "aleph.http.client-middleware": "aleph.http",
  "aleph.http.multipart": "aleph.http",
  "ring.websocket.protocols": "ring.websocket",
  "ring.util.anti-forgery": "ring.middleware.anti-forgery",
};

/** The headings of tables for a namespace, which they name in backticks. */
function headingsFor(namespace: string): string[] {
  const named = `\`${TOLD_WITH[namespace] ?? namespace}\``;
  const headings = guide.split("\n").filter((line) => /^#+ /.test(line) && line.includes(named));
  return headings.map((line) => line.replace(/^#+ /, ""));
}

describe("the guide, for those who come from Clojure", () => {
  it.each(Object.entries(clojureNames))("has every public name of %s", (namespace, names) => {
    const headings = headingsFor(namespace);
    expect([namespace, headings.length > 0]).toEqual([namespace, true]);
    const said = headings.flatMap(listed).flatMap((code) => [code, code.slice(code.lastIndexOf("/") + 1)]);
    expect(names.split(" ").filter((name) => !said.includes(name))).toEqual([]);
  });
});

describe("the guide, for those who come from clj-http", () => {
  const camelCase = (name: string): string => name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
  const sources = ["types", "connection-options", "pool", "proxy", "lookup"].map((name) =>
    readProjectFile(`src/http/client/${name}.ts`),
  );
  const declared = new Set(
    sources.flatMap((text) => [...text.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name]) => name)),
  );
  /** Rows of every table that name an option as Clojure does. */
  const told = new Set(
    [...guide.matchAll(/^\|([^|]*)\|/gm)].flatMap(([, cell = ""]) => cell.match(/(?<=`:)[\w-]+/g) ?? []),
  );

  it("has a row for every option that has not its name here, in camel case", () => {
    const missing = clojureOptions.split(" ").filter((name) => !declared.has(camelCase(name)) && !told.has(name));
    expect(missing).toEqual([]);
  });
});
