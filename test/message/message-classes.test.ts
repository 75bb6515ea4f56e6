import { once } from "node:events";
import { createServer, IncomingMessage, type Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import express, { type Express } from "express";
import { messageClasses, withMessageClasses, withWebsockets } from "../../src/index.js";
import { versions } from "../express/hosts.js";

/** What the requests of one server are, before the app has seen them. */
async function prototypes(app: Express, server: Server): Promise<{ request: unknown; response: unknown }> {
  const seen = once(server, "request") as Promise<[object, object]>;
  await fetch(`http://localhost:${(server.address() as AddressInfo).port}/`);
  const [request, response] = await seen;
  expect(Object.getPrototypeOf(request)).toBe(app.request);
  return { request: Object.getPrototypeOf(request), response: Object.getPrototypeOf(response) };
}

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, "close");
}

describe.each(versions)("messageClasses on %s", (_name, create) => {
  it("makes messages as the app wants them, so that Express has no prototype to change", async () => {
    const app = create();
    const changed: unknown[] = [];
    const server = createServer(messageClasses(app));
    server.on("request", (req: IncomingMessage, res: ServerResponse) => {
      const before = [Object.getPrototypeOf(req), Object.getPrototypeOf(res)] as unknown[];
      app(req, res);
      changed.push(...before.filter((prototype) => prototype !== app.request && prototype !== app.response));
    });
    app.get("/", (req, res) => {
      expect([req.app, res.app]).toEqual([app, app]);
      expect(req instanceof IncomingMessage && res instanceof ServerResponse).toBe(true);
      res.json({ host: req.hostname, fresh: req.fresh });
    });
    await once(server.listen(0), "listening");
    const answer = await fetch(`http://localhost:${(server.address() as AddressInfo).port}/`);
    expect(await answer.json()).toEqual({ host: "localhost", fresh: false });
    expect(changed).toEqual([]);
    await closed(server);
  });

  it("leaves sub-apps their own prototypes", async () => {
    const app = create();
    const inner = create();
    Object.defineProperty(inner.request, "shout", { get: () => "inner" });
    inner.get("/", (req, res) => void res.send((req as unknown as { shout: string }).shout));
    app.use("/inner", inner);
    app.use((req, res) => void res.send(String((req as unknown as { shout?: string }).shout)));
    const server = createServer(messageClasses(app), app).listen(0);
    await once(server, "listening");
    const url = `http://localhost:${(server.address() as AddressInfo).port}`;
    expect(await (await fetch(`${url}/inner`)).text()).toBe("inner");
    expect(await (await fetch(`${url}/inner/none`)).text()).toBe("undefined");
    await closed(server);
  });
});

describe.each(versions)("messageClasses on %s, beside sub-apps mounted before", (_name, create) => {
  it("is asked once or twice alike, and what is added later to the requests of the app is there in a sub-app", async () => {
    const app = create();
    const inner = create();
    Object.defineProperty(app.request, "early", { get: () => "early", configurable: true });
    app.use("/inner", inner);
    expect(messageClasses(app)).toBe(messageClasses(app));
    Object.defineProperty(app.request, "late", { get: () => "late" });
    const show: express.RequestHandler = (req, res) => {
      const { early, late } = req as unknown as Record<string, string>;
      res.send(`${early} ${late} ${req.app === app ? "app" : "inner"}`);
    };
    inner.get("/", show);
    app.use(show);
    const server = createServer(messageClasses(app), app).listen(0);
    await once(server, "listening");
    const url = `http://localhost:${(server.address() as AddressInfo).port}`;
    expect(await (await fetch(`${url}/inner`)).text()).toBe("early late inner");
    expect(await (await fetch(url)).text()).toBe("early late app");
    await closed(server);
  });
});

describe.each(versions)("withMessageClasses on %s", (_name, create) => {
  it("lets app.listen make such a server, and tells when it listens", async () => {
    const app = withMessageClasses(create());
    const server = await new Promise<Server>((resolve) => {
      const made: Server = app.listen(0, () => resolve(made));
    });
    const { request, response } = await prototypes(app, server);
    expect([request === app.request, response === app.response]).toEqual([true, true]);
    await closed(server);
  });

  it("has room for withWebsockets around it", async () => {
    const app = withWebsockets(withMessageClasses(create()));
    const server = app.listen(0);
    await once(server, "listening");
    expect(server.listenerCount("upgrade")).toBe(1);
    await prototypes(app, server);
    await closed(server);
  });
});

describe("withMessageClasses", () => {
  it("reports a port that is taken to the callback of Express 5, once", async () => {
    const taken = createServer().listen(0);
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const errors: unknown[] = [];
    const app = withMessageClasses(express());
    const server = await new Promise<Server>((resolve) => {
      const made: Server = app.listen(port, (error?: Error) => {
        errors.push((error as NodeJS.ErrnoException | undefined)?.code);
        resolve(made);
      });
    });
    server.emit("listening");
    expect(errors).toEqual(["EADDRINUSE"]);
    await closed(taken);
  });

  it("leaves a port that is taken to the listeners of the server on Express 4", async () => {
    const [, [, express4]] = versions as [unknown, readonly [string, typeof express]];
    const taken = createServer().listen(0);
    await once(taken, "listening");
    const calls: unknown[] = [];
    const app = withMessageClasses(express4());
    const server = app.listen((taken.address() as AddressInfo).port, () => calls.push("listening"));
    const [error] = (await once(server, "error")) as [NodeJS.ErrnoException];
    expect([error.code, calls]).toEqual(["EADDRINUSE", []]);
    await closed(taken);
  });
});
