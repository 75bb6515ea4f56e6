import type { Server } from "node:http";
import express from "express";
import { type Handler, ring } from "express-ring";
import { apiDefaults, siteDefaults, wrapCompression, wrapDefaults } from "express-ring/middleware";
import { type Listen, plainly, withClasses } from "./listen.js";
import { publicFolder } from "./public.js";

const headers = { "Content-Type": "text/html; charset=utf-8" };
const page = (topic: unknown): string => `<p>Hello, Ada, about ${String(topic)}.</p>`;

export function startSite(): Server {
  return serve(site(), plainly);
}

export function startSiteWithClasses(): Server {
  return serve(site(), withClasses);
}

export function startApi(): Server {
  return serve(api(), plainly);
}

export function startApiWithClasses(): Server {
  return serve(api(), withClasses);
}

function site(): Handler {
  const site = wrapDefaults(
    ({ session, params }) => {
      const response = { status: 200, headers, body: page(params["topic"]) };
      return session["user"] === undefined ? { ...response, session: { ...session, user: "Ada" } } : response;
    },
    { ...siteDefaults, static: { files: publicFolder } },
  );
  return wrapCompression(site);
}

function api(): Handler {
  return wrapDefaults(({ params }) => ({ status: 200, headers, body: page(params["topic"]) }), apiDefaults);
}

function serve(handler: Handler, listen: Listen): Server {
  const app = express();
  app.use(ring(handler));
  return listen(app);
}
