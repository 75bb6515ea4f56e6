/** Programs of the machine as clients, and in front, of a server that knows a bit of everything. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { andThen } from "../../../src/deferred/index.js";
import { type Handler, router, websocketConnection } from "../../../src/index.js";
import { connect as connectStreams, periodically } from "../../../src/stream/index.js";
import { freePort } from "../../bus/redis-server.js";

/** Runs a program to its end. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, {
    maxBuffer: 2 ** 26,
    timeout: 30_000,
    encoding: "latin1",
  });
  return stdout;
}

/** Answers at once, later, with much, bit by bit; echoes bodies and messages. */
export const everything: Handler = router({
  "GET /hello": ({ protocol }) => ({
    status: 200,
    headers: { "content-type": "text/plain" },
    body: `hello ${protocol}`,
  }),
  "GET /large": () => ({ status: 200, body: Buffer.alloc(5_000_000, "x") }),
  "GET /chunks/:count": ({ routeParams }) => {
    const count = Number(routeParams.count);
    function* chunks(): Generator<string> {
      for (let i = 0; i < count; i++) yield `${i}\n`;
    }
    return { status: 200, body: chunks() };
  },
  "GET /ticks": () => ({ status: 200, body: periodically(50, 0, () => "tick\n") }),
  "POST /echo": ({ body }) => ({ status: 200, body: body as Readable }),
  "GET /redirect": () => ({ status: 302, headers: { location: "/hello", "set-cookie": ["a=1", "b=2"] } }),
  "GET /cookies": ({ headers }) => ({ status: 200, body: headers["cookie"] ?? "none" }),
  "GET /seen": ({ remoteAddr, headers }) => ({
    status: 200,
    body: `${remoteAddr} ${headers["x-forwarded-for"] ?? "-"}`,
  }),
  "GET /socket": (request) =>
    andThen(websocketConnection(request), (duplex) => {
      connectStreams(duplex, duplex);
      return null;
    }),
});

/** nginx in front of a server, in a folder of its own. */
export class Nginx {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(port: number, process: ChildProcess, folder: string) {
    this.port = port;
    this.#process = process;
    this.#folder = folder;
  }

  /** @param upstream The port of the server behind it. */
  static async start(program: string, upstream: number): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), "express-ring-nginx-"));
    // Its workers run as somebody else.
    chmodSync(folder, 0o755);
    const port = await freePort();
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => {
      mkdirSync(join(folder, kind), { mode: 0o777 });
      return `${kind}_temp_path ${join(folder, kind)};`;
    });
    writeFileSync(
      join(folder, "nginx.conf"),
      `daemon off; worker_processes 1; pid ${join(folder, "pid")}; error_log stderr error;
       events { worker_connections 256; }
       http {
         access_log off; ${temporary.join(" ")}
         upstream kit { server 127.0.0.1:${upstream}; keepalive 4; }
         map $http_upgrade $hop { default upgrade; "" ""; }
         server {
           listen 127.0.0.1:${port}; client_max_body_size 20m;
           location / {
             proxy_pass http://kit; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;
             proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade;
             proxy_set_header Connection $hop; proxy_set_header X-Forwarded-For $remote_addr;
           }
         }
       }`,
    );
    const child = spawn(program, ["-p", folder, "-c", join(folder, "nginx.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (text: Buffer) => {
      said += text.toString();
    });
    const nginx = new Nginx(port, child, folder);
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`nginx ended: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return nginx;
  }

  async stop(): Promise<void> {
    const exited = this.#process.exitCode === null ? once(this.#process, "exit") : undefined;
    this.#process.kill("SIGTERM");
    await exited;
    rmSync(this.#folder, { recursive: true });
  }
}

/** Does somebody listen on a port? */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
