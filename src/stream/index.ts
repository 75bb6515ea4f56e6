export type { Sink, Source, Stream } from "./types.js";
