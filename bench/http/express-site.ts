import type { Server } from "node:http";
import compression from "compression";
import cookieParser from "cookie-parser";
import { doubleCsrf } from "csrf-csrf";
import express from "express";
import session from "express-session";
import helmet from "helmet";
import serveStatic from "serve-static";
import { publicFolder } from "./public.js";

declare module "express-session" {
  interface SessionData {
    user: string;
  }
}

/** What a site of Express apps is made of, each package as its README has it. */
export function startSite(): Server {
  const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
    getSecret: () => "a secret of the benchmark",
    getSessionIdentifier: (request) => request.session.id,
    cookieName: "csrf",
    cookieOptions: { secure: false },
  });
  const app = express();
  app.use(helmet());
  app.use(compression());
  app.use(serveStatic(publicFolder));
  app.use(cookieParser());
  app.use(express.urlencoded({ extended: true }));
  app.use(session({ secret: "a secret of the benchmark", resave: false, saveUninitialized: false }));
  app.use(doubleCsrfProtection);
  app.get("/hello", (request, response) => {
    generateCsrfToken(request, response);
    const { user } = request.session;
    if (user === undefined) request.session.user = "Ada";
    response.type("html").send(`<p>Hello, Ada, about ${request.query["topic"] as string}.</p>`);
  });
  return app.listen(0);
}

export function startApi(): Server {
  const app = express();
  app.use(express.urlencoded({ extended: true }));
  app.get("/hello", (request, response) => {
    response.type("text/html; charset=utf-8").send(`<p>Hello, Ada, about ${request.query["topic"] as string}.</p>`);
  });
  return app.listen(0);
}
