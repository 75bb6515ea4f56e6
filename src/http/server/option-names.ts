/** The names of the options, and what became of those of Aleph's that Node has no place for. */

import { checkOptionNames } from "../../errors/options.js";

const HANDLER_NAMES = [
  "errorHandler",
  "rejectedHandler",
  "executor",
  "requestBufferSize",
  "maxRequestBodySize",
  "rawStream",
  "compression",
  "compressionOptions",
  "serverHeader",
] as const;

const SERVER_NAMES = [
  ...HANDLER_NAMES,
  "port",
  "socketAddress",
  "listenSocket",
  "serverTransform",
  "onConnection",
  "httpVersions",
  "sslContext",
  "manualSsl",
  "useH2c",
  "idleTimeout",
  "headersTimeout",
  "requestTimeout",
  "keepAliveTimeout",
  "maxHeaderSize",
  "maxInitialLineLength",
  "continueHandler",
  "shutdownTimeout",
  "websocketCloseCode",
  "fallback",
  "http2Settings",
  "connGoAwayHandler",
  "resetStreamHandler",
] as const;

/** What to do in place of an option of Aleph's. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  bootstrapTransform: "see serverTransform",
  pipelineTransform: "see serverTransform and onConnection",
  initialPipelineTransform: "see onConnection",
  http1PipelineTransform: "see onConnection",
  http2ConnPipelineTransform: "listen to the event `session` of the server that serverTransform is given",
  http2StreamPipelineTransform: "listen to the event `stream` of the server that serverTransform is given",
  streamGoAwayHandler: "a client that goes away refuses only streams that the server has opened, and it opens none",
  transport: "Node has one",
  epoll: "Node has one transport",
  shutdownExecutor: "there are no threads to end; what waits for its turn is part of what close waits for",
  continueExecutor: "there are no threads; continueHandler may answer later",
  validateHeaders: "headers are always validated",
  allowDuplicateContentLengths: "requests with several are always refused",
  maxChunkSize: "Node hands chunks on as they come",
  initialBufferSize: "Node sizes its buffers itself",
  compressionLevel: "see compressionOptions: { gzipLevel, brotliQuality }",
  sslProvider: "Node has one",
};

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for options that are not there, or not any more */
export function checkNames(options: object): void {
  checkOptionNames("startServer", options, SERVER_NAMES, LEFT_OUT);
}

/** @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT` */
export function checkHandlerNames(who: string, options: object): void {
  checkOptionNames(who, options, HANDLER_NAMES, LEFT_OUT);
}
