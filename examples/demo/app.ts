/** An ordinary Express app, with Ring handlers dropped into it. Read it from top to bottom. */
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import compression from "compression";
import express, { type ErrorRequestHandler, type Express } from "express";
import { pipe, ring, websocketRoute, withWebsockets } from "express-ring";
import { wrapCookies, wrapParams } from "express-ring/middleware";
import session from "express-session";
import helmet from "helmet";
import morgan from "morgan";
import { chat } from "./handlers/chat.js";
import { clock } from "./handlers/clock.js";
import { dashboard } from "./handlers/dashboard.js";
import { echo } from "./handlers/echo.js";
import { hello } from "./handlers/hello.js";
import { profile } from "./handlers/profile.js";
import { words } from "./handlers/words.js";

const publicFolder = fileURLToPath(new URL("public", import.meta.url));

export function createApp(): Express {
  const app = withWebsockets(express());

  // Express as people have it: middleware, a folder of files, routes of its own.
  app.use(morgan("dev", { skip: () => process.env.NODE_ENV === "test" }));
  app.use(helmet({ contentSecurityPolicy: { directives: contentSecurityPolicy } }));
  app.use(compression());
  app.use(express.static(publicFolder));
  app.use(express.json());
  // Kept in memory under a secret of this run: sessions end with the server.
  app.use(session({ secret: randomBytes(32).toString("hex"), resave: false, saveUninitialized: false }));

  app.get("/visits", (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1;
    res.json({ visits: req.session.visits });
  });

  // Dropped into it: Ring handlers, where handlers go.
  app.get("/hello/:name", ring(hello));
  app.get("/dashboard", ring(dashboard));
  app.get("/words", ring(words));
  app.get("/clock", ring(clock));
  app.use("/profile", ring(pipe(profile, wrapParams, wrapCookies)));
  app.get("/echo", websocketRoute(echo));
  app.get("/chat", websocketRoute(chat));

  // What Express does with what nobody answers, and with errors, whoever they come from.
  app.use((_req, res) => res.status(404).type("text").send("There is nothing here."));
  app.use(onError);
  return app;
}

const contentSecurityPolicy = {
  "style-src": ["'self'"],
  // Not every browser counts websockets among what comes from 'self'.
  "connect-src": ["'self'", "ws:", "wss:"],
  // The demo is served without TLS.
  "upgrade-insecure-requests": null,
};

const onError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  console.error(error);
  if (res.headersSent) next(error);
  else res.status(500).type("text").send("Something went wrong.");
};

declare module "express-session" {
  interface SessionData {
    visits: number;
  }
}
