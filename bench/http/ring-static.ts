import type { Server } from "node:http";
import express from "express";
import { pipe, ring } from "express-ring";
import { wrapContentType, wrapFile, wrapNotModified, wrapRanges } from "express-ring/middleware";
import { type Listen, plainly, withClasses } from "./listen.js";
import { makeFolder } from "./static-folder.js";

export function startUncached(): Server {
  return serve(0, plainly);
}

export function startUncachedWithClasses(): Server {
  return serve(0, withClasses);
}

export function startCached(): Server {
  return serve(60_000, plainly);
}

export function startCachedWithClasses(): Server {
  return serve(60_000, withClasses);
}

function serve(cacheFor: number, listen: Listen): Server {
  const folder = makeFolder();
  const files = pipe(
    () => null,
    (handler) => wrapFile(handler, folder, { cacheFor }),
    wrapContentType,
    wrapNotModified,
    wrapRanges,
  );
  return listen(express().use(ring(files)));
}
