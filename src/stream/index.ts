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
export {
  type NodeStreamOptions,
  toDuplex,
  toReadable,
  toWebReadable,
  toWebWritable,
  toWritable,
  type WebStreamOptions,
} from "./convert.js";
export { type Emitter, type EventOptions, fromEvents } from "./events.js";
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
export { describeGraph, type Graph, type GraphEdge, type GraphNode, toDot, toMermaid, weakHandle } from "./graph.js";
export { type Observable, type PartialObserver, type Subscription, toObservable } from "./observable.js";
export {
  fromObservable,
  type ObservableLike,
  type Observer,
  type Subscribable,
  type Unsubscribable,
} from "./observable-source.js";
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
export { type BoundOptions, type Overflow, OverflowError } from "./overflow.js";
export { periodically } from "./periodically.js";
export type { ConnectOptions } from "./pump.js";
export type { StreamOptions } from "./stream.js";
export { type MessageSeq, type SeqOptions, streamToSeq } from "./to-seq.js";
export type { Description, Sink, Source, Stream } from "./types.js";
export {
  type StreamWatch,
  type StreamWatchOptions,
  type WatchedGraph,
  type WatchedNode,
  watchStreams,
} from "./watch.js";
export { batch, buffer, bufferedStream, droppingStream, type Metric, slidingStream, throttle } from "./windows.js";
