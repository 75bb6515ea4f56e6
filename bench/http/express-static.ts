import type { Server } from "node:http";
import express, { type RequestHandler } from "express";
import serveStatic from "serve-static";
import sirv from "sirv";
import { makeFolder } from "./static-folder.js";

export function startServeStatic(): Server {
  return serve(serveStatic(makeFolder()));
}

export function startSirvUncached(): Server {
  return serve(sirv(makeFolder(), { dev: true, etag: true }));
}

export function startSirvCached(): Server {
  return serve(sirv(makeFolder(), { etag: true }));
}

function serve(files: RequestHandler): Server {
  return express().use(files).listen(0);
}
