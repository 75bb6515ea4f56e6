import type { Server } from "node:http";
import express from "express";
import { pipe, ring } from "express-ring";
import { wrapContentType, wrapFile, wrapNotModified, wrapRanges } from "express-ring/middleware";
import { makeFolder } from "./static-folder.js";

export function startUncached(): Server {
  return serve(0);
}

export function startCached(): Server {
  return serve(60_000);
}

function serve(cacheFor: number): Server {
  const folder = makeFolder();
  const files = pipe(
    () => null,
    (handler) => wrapFile(handler, folder, { cacheFor }),
    wrapContentType,
    wrapNotModified,
    wrapRanges,
  );
  return express().use(ring(files)).listen(0);
}
