/**
 * For tests that need a program of the machine (Chromium, nginx, a module of Python), or npm's registry. Where it is absent
 * they are skipped with a loud line, except in CI (`CI=true`), where `.ci/run` has installed everything and absence is a failure.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";

/** Chromium or Chrome: `CHROMIUM_PATH` if it is set, else the usual places; undefined if there is none. */
export function chromiumPath(): string | undefined {
  return givenProgram("CHROMIUM_PATH") ?? findProgram("chromium", "chromium-browser", "google-chrome");
}

/** A Redis server: `REDIS_SERVER_PATH` if it is set, else the usual places; undefined if there is none. */
export function redisServerPath(): string | undefined {
  return givenProgram("REDIS_SERVER_PATH") ?? findProgram("redis-server");
}

/**
 * PostgreSQL's folder of programs: that of the server `POSTGRES_PATH` names if it is set, else the PATH's, else the newest of
 * Debian's, which are not on the PATH; undefined if there is none.
 */
export function postgresFolder(): string | undefined {
  const server = givenProgram("POSTGRES_PATH") ?? findProgram("postgres") ?? newestOnDebian("postgres");
  return server === undefined ? undefined : dirname(server);
}

function newestOnDebian(program: string): string | undefined {
  const versions = "/usr/lib/postgresql";
  if (!existsSync(versions)) return undefined;
  const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(versions, version, "bin", program)).find(isExecutable);
}

/** nginx: `NGINX_PATH` if it is set, else the usual places; undefined if there is none. */
export function nginxPath(): string | undefined {
  return givenProgram("NGINX_PATH") ?? findProgram("nginx");
}

/** `ip` of iproute2, where network namespaces can be made with it, which takes root; undefined elsewhere. */
export function networkNamespaces(): string | undefined {
  const ip = findProgram("ip");
  if (ip === undefined || findProgram("nsenter") === undefined) return undefined;
  const probe = `express-ring-probe-${process.pid}`;
  if (spawnSync(ip, ["netns", "add", probe]).status !== 0) return undefined;
  return spawnSync(ip, ["netns", "delete", probe]).status === 0 ? ip : undefined;
}

/** The registry that npm installs from, if it answers; undefined if it does not. */
export function npmRegistry(): string | undefined {
  const { env } = process;
  const impatient = ["--fetch-retries=0", "--fetch-timeout=10000", "--prefer-online"];
  if (spawnSync("npm", ["view", "express", "version", ...impatient], { env }).status !== 0) return undefined;
  return spawnSync("npm", ["config", "get", "registry"], { env, encoding: "utf8" }).stdout.trim();
}

const pythons = new Map<string, string | undefined>();

/**
 * A Python 3 that has these modules: the one `PYTHON_PATH` names if it is set, else the first with all of them, Debian's before
 * others on the PATH; undefined if there is none.
 */
export function pythonWith(...modules: readonly string[]): string | undefined {
  const given = givenProgram("PYTHON_PATH");
  const key = [given, ...modules].join();
  if (!pythons.has(key)) {
    const candidates = given === undefined ? places("python3").filter(isExecutable) : [given];
    pythons.set(
      key,
      candidates.find((python) => spawnSync(python, ["-c", `import ${modules.join(", ")}`]).status === 0),
    );
  }
  return pythons.get(key);
}

/** The absolute path of the first of these programs that is installed, in `/usr/bin`, elsewhere on the PATH, or in `/usr/sbin`. */
export function findProgram(...names: readonly string[]): string | undefined {
  return names.flatMap(places).find(isExecutable);
}

function places(name: string): readonly string[] {
  const onPath = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return ["/usr/bin", ...onPath, "/usr/sbin"].map((folder) => join(folder, name));
}

function givenProgram(variable: string): string | undefined {
  const path = process.env[variable];
  if (path === undefined || path === "") return undefined;
  if (!isExecutable(path)) throw new Error(`${variable} names ${path}, which is not a program that can be run`);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const reported = new Set<string>();

/**
 * Says that tests are skipped because `tool` is absent: one loud line per tool and test file.
 *
 * @throws {Error} in CI, where nothing is skipped.
 */
export function skipLoudly(tool: string, reason: string): void {
  const sentence = `tests that need ${tool} cannot run: ${reason}`;
  if (process.env.CI === "true") throw new Error(sentence);
  if (reported.has(tool)) return;
  reported.add(tool);
  // Past jest's console, which would bury it under a stack trace.
  process.stderr.write(`\n*** SKIPPED: ${sentence}\n\n`);
}

/**
 * As `describe`, for tests that need a tool of the machine; they get what was found of it.
 *
 * @example
 * describeWith("chromium", chromiumPath(), "the demo's page", (executablePath) => {
 *   it("shows the clock", async () => { ... });
 * });
 */
export function describeWith<T>(
  tool: string,
  found: T | undefined,
  name: string,
  tests: (found: T) => void,
  reason = "it is not installed (.ci/run lists the Debian packages)",
): void {
  if (found !== undefined) {
    describe(name, () => {
      tests(found);
    });
    return;
  }
  skipLoudly(tool, reason);
  // oxlint-disable-next-line jest/no-disabled-tests -- loudly, and never in CI
  describe.skip(name, () => {
    it(`needs ${tool}`, () => {
      expect(found).toBeDefined();
    });
  });
}
