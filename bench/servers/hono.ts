import type { Server } from "node:http";
import { type Context, Hono } from "hono";
import { careful, data, greeting, line, lines, text } from "./tasks.js";
import { load } from "./untyped.js";

const { serve } = await load<{
  serve(
    this: void,
    options: { readonly fetch: (request: Request) => Response | Promise<Response>; readonly port: number },
  ): Server;
}>("@hono/node-server");
interface Body {
  write(text: string): Promise<unknown>;
}
const { stream } = await load<{
  stream(this: void, context: Context, write: (body: Body) => Promise<void>): Response;
}>("hono/streaming");
const { getCookie } = await load<{ getCookie(this: void, context: Context, name: string): string | undefined }>(
  "hono/cookie",
);

export function start(): Server {
  const app = new Hono();
  app.get("/text", (context) => context.text(text));
  app.get("/json", (context) => context.json(data()));
  app.post("/echo", async (context) => context.text(await context.req.text()));
  app.get("/stream", (context) =>
    stream(context, async (body) => {
      for (let message = 0; message < lines; message++) {
        // oxlint-disable-next-line no-await-in-loop -- as fast as the client reads
        await body.write(line);
      }
    }),
  );
  for (const [name, value] of Object.entries(careful)) {
    app.use("/greet", async (context, next) => {
      await next();
      context.header(name, value);
    });
  }
  app.get("/greet", (context) =>
    context.text(greeting(context.req.query("name") ?? "", getCookie(context, "theme") ?? "")),
  );
  return serve({ fetch: app.fetch, port: 0 });
}
