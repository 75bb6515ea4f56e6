/** Streams. Source: `manifold.stream`. */
export {
  isSink,
  isSinkable,
  isSource,
  isSourceable,
  isStream,
  type Sinkable,
  type Sourceable,
  toSink,
  toSource,
} from "./coerce.js";
export { connect, connectVia, connectViaProxy, consume, consumeAsync, drainInto } from "./consume.js";
export { type ToReadableOptions, toReadable, toWebReadable, toWebWritable, toWritable } from "./convert.js";
export {
  close,
  description,
  downstream,
  isClosed,
  isDrained,
  isSynchronous,
  onClosed,
  onDrained,
  put,
  putAll,
  sinkOnly,
  sourceOnly,
  splice,
  stream,
  streamOf,
  take,
  tryPut,
  tryTake,
} from "./functions.js";
export {
  concat,
  filter,
  lazilyPartitionBy,
  type Messages,
  map,
  mapcat,
  realizeEach,
  reduce,
  reductions,
  transform,
  zip,
} from "./operators.js";
export { periodically } from "./periodically.js";
export type { ConnectOptions } from "./pump.js";
export type { StreamOptions } from "./stream.js";
export type { Description, Sink, Source, Stream } from "./types.js";
export { batch, buffer, bufferedStream, droppingStream, type Metric, slidingStream, throttle } from "./windows.js";
