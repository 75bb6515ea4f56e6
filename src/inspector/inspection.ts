/** All that the page is told, once a second. */

import { EXCHANGE } from "../ring/exchange-symbol.js";
import { ExpressLayers } from "./express-layers.js";
import type { Recorder } from "./recorder.js";
import { openWebsockets, streamGraph } from "./streams.js";

/** @param app The Express app whose layers are shown. @default the one that the request has come through, if any */
export function inspectionOf(recorder: Recorder, request: object, app: unknown): object {
  const { streams, websockets, mounts, requests } = recorder;
  const express = new ExpressLayers(app ?? appOf(request), (handler) => mounts.whereOf(handler));
  return {
    now: performance.now(),
    totals: { requests, uptime: process.uptime() * 1_000 },
    streams: streamGraph(streams, websockets),
    websockets: openWebsockets(streams, websockets),
    mounts: mounts.list(express.handlers),
    express: express.layers,
    requests: recorder.rows(),
  };
}

function appOf(request: object): unknown {
  const exchange = (request as { readonly [EXCHANGE]?: { readonly req?: { readonly app?: unknown } } })[EXCHANGE];
  return exchange?.req?.app;
}
