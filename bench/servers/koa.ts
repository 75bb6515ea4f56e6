import type { IncomingMessage, Server } from "node:http";
import { Readable } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { careful, data, greeting, line, lines, plainText, text } from "./tasks.js";
import { load } from "./untyped.js";

interface Context {
  readonly path: string;
  readonly req: IncomingMessage;
  readonly query: Readonly<Record<string, string>>;
  readonly cookies: { get(name: string): string | undefined };
  type: string;
  body: unknown;
  set(name: string, value: string): void;
}
type Middleware = (context: Context, next: () => Promise<void>) => Promise<void>;
interface App {
  use(middleware: Middleware): App;
  listen(port: number): Server;
}
const { default: Koa } = await load<{ default: new () => App }>("koa");

export function start(): Server {
  const app = new Koa();
  const [first, second, third] = Object.entries(careful).map(
    ([name, value]): Middleware =>
      (context, next) => {
        if (context.path === "/greet") context.set(name, value);
        return next();
      },
  ) as [Middleware, Middleware, Middleware];
  app.use(first).use(second).use(third);
  app.use(async (context) => {
    switch (context.path) {
      case "/text":
        context.type = plainText;
        context.body = text;
        break;
      case "/json":
        context.body = data();
        break;
      case "/echo":
        context.type = plainText;
        context.body = await readText(context.req);
        break;
      case "/stream":
        context.type = plainText;
        context.body = Readable.from(Array.from({ length: lines }, () => line));
        break;
      case "/greet":
        context.type = plainText;
        context.body = greeting(String(context.query["name"]), context.cookies.get("theme") ?? "");
    }
  });
  return app.listen(0);
}
