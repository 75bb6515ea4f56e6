import { createServer, type RequestListener, type Server } from "node:http";
import { Readable } from "node:stream";
import { careful, data, greeting, json, line, lines, plainText, text } from "./tasks.js";
import { load } from "./untyped.js";

interface Event {
  readonly req: { text(): Promise<string> };
  readonly res: { readonly headers: Headers };
}
type Answer = (event: Event) => unknown;
interface App {
  get(path: string, answer: Answer): App;
  post(path: string, answer: Answer): App;
  use(path: string, answer: Answer): App;
}
const { H3, getCookie, getQuery, toNodeHandler } = await load<{
  readonly H3: new () => App;
  getCookie(this: void, event: Event, name: string): string | undefined;
  getQuery(this: void, event: Event): Record<string, string>;
  toNodeHandler(this: void, app: App): RequestListener;
}>("h3");

export function start(): Server {
  const app = new H3();
  app.get("/text", (event) => {
    event.res.headers.set("content-type", plainText);
    return text;
  });
  app.get("/json", (event) => {
    event.res.headers.set("content-type", json);
    return data();
  });
  app.post("/echo", async (event) => {
    event.res.headers.set("content-type", plainText);
    return event.req.text();
  });
  app.get("/stream", (event) => {
    event.res.headers.set("content-type", plainText);
    return Readable.toWeb(Readable.from(Array.from({ length: lines }, () => Buffer.from(line))));
  });
  for (const [name, value] of Object.entries(careful)) {
    app.use("/greet", (event) => {
      event.res.headers.set(name, value);
    });
  }
  app.get("/greet", (event) => {
    event.res.headers.set("content-type", plainText);
    return greeting(String(getQuery(event)["name"]), getCookie(event, "theme") ?? "");
  });
  return createServer(toNodeHandler(app)).listen(0);
}
