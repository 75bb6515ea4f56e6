/**
 * Does the starter work for somebody who copies it? Packs this package as it is published (built before), copies examples/starter
 * out, installs the tarball and the rest from the npm registry, runs its tests, and starts what they have built.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "express-ring-starter-"));
const app = join(folder, "app");

/** Runs a command of npm to its end. @returns what it printed to its standard output, if that is asked for */
function npm(cwd, parameters, stdout = "inherit") {
  const { status, stdout: printed } = spawnSync("npm", parameters, {
    cwd,
    stdio: ["ignore", stdout, "inherit"],
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm ${parameters.join(" ")} has failed`);
  return printed;
}

/** The Dockerfile is not run, but what it copies and starts must be there. */
function checkDockerfile() {
  const lines = readFileSync(join(app, "Dockerfile"), "utf8").split("\n");
  const copied = lines.flatMap((line) => /^COPY (?!--from)(.*) \S+$/.exec(line)?.[1].split(" ") ?? []);
  const kept = lines.flatMap((line) => /^COPY --from=build \/app\/(\S+)/.exec(line)?.[1] ?? []);
  const [, started] = lines.flatMap((line) => /^CMD (.*)/.exec(line)?.[1] ?? []).flatMap((json) => JSON.parse(json));
  for (const path of [...copied, ...kept, started]) {
    if (!existsSync(join(app, path))) throw new Error(`the Dockerfile speaks of ${path}, which is not there`);
  }
  return started;
}

/** A program that serves on a free port. */
class Server {
  #printed = "";
  #ended;

  constructor(file, parameters) {
    this.child = spawn(file, parameters, {
      cwd: app,
      env: { ...process.env, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
      // A group of its own, to be ended with all that it has started.
      detached: true,
    });
    this.child.stdout.setEncoding("utf8").on("data", (text) => {
      this.#printed += text;
    });
    this.#ended = once(this.child, "close");
  }

  /** Asks how it is, at the address that it has printed as the `count`th. */
  async health(count) {
    const url = () => [...this.#printed.matchAll(/^http:\S+$/gm)][count - 1]?.[0];
    while (url() === undefined) {
      const outcome = await Promise.race([once(this.child.stdout, "data").then(() => "printed"), this.#ended]);
      if (outcome !== "printed") throw new Error(`it has ended:\n${this.#printed}`);
    }
    return (await fetch(new URL("health", url()))).text();
  }

  async stop() {
    const { pid } = this.child;
    if (pid !== undefined) process.kill(-pid, "SIGTERM");
    return (await this.#ended)[0];
  }
}

function expect(actual, expected, what) {
  if (actual !== expected) throw new Error(`${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`);
}

/** Starts it as the Dockerfile does. */
async function checkStart(file) {
  const server = new Server(process.execPath, [file]);
  expect(await server.health(1), "ok\n", "its health");
  expect(await server.stop(), 0, "the exit code after SIGTERM");
}

/** A change of a file is seen without a hand laid on. */
async function checkDev() {
  const server = new Server("npm", ["run", "dev"]);
  try {
    await server.health(1);
    const file = join(app, "src", "app.ts");
    writeFileSync(file, readFileSync(file, "utf8").replace('"ok\\n"', '"changed\\n"'));
    expect(await server.health(2), "changed\n", "its health after a change");
  } finally {
    await server.stop();
  }
}

try {
  const [{ filename }] = JSON.parse(
    npm(root, ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], "pipe"),
  );
  cpSync(`${root}examples/starter`, app, {
    recursive: true,
    filter: (path) => !/[\\/](node_modules|dist)$/.test(path),
  });
  npm(app, ["install", "--no-audit", "--no-fund", "--prefer-offline", join(folder, filename)]);
  npm(app, ["test"]);
  await checkStart(checkDockerfile());
  await checkDev();
  console.log("the starter works");
} finally {
  rmSync(folder, { recursive: true });
}
