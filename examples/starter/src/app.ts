/** The app: an Express app as any other, with Ring handlers as routes. */
import express, { type ErrorRequestHandler, type Express } from "express";
import { ring, websocketRoute, withWebsockets } from "express-ring";
import { wrapJsonBody, wrapJsonResponse } from "express-ring/middleware";
import { clock, echo } from "./live.js";
import { Notes } from "./notes.js";

export function createApp(notes: Notes = new Notes()): Express {
  const app = withWebsockets(express());
  app.disable("x-powered-by");

  app.get(
    "/health",
    ring(() => ({ status: 200, headers: { "content-type": "text/plain" }, body: "ok\n" })),
  );
  app.get("/notes", ring(wrapJsonResponse(notes.list)));
  app.get("/notes/:id", ring(wrapJsonResponse(notes.find)));
  app.post("/notes", ring(wrapJsonResponse(wrapJsonBody(notes.add))));
  app.get("/clock", ring(clock));
  app.get("/echo", websocketRoute(echo));

  app.use((_req, res) => void res.status(404).json({ error: "there is nothing here" }));
  app.use(onError);
  return app;
}

/** The client is told what it has done wrong, and nothing of what we have. */
const onError: ErrorRequestHandler = (error: { readonly status?: number }, _req, res, next) => {
  const { status = 500 } = error;
  if (status >= 500) console.error(error);
  if (res.headersSent) next(error);
  else res.status(status).json({ error: status >= 500 ? "something went wrong" : "this cannot be answered" });
};
