/** Node's request as a map, a map as Node's response. */
export { announce, announceUpgrade } from "./announce.js";
export { wrapRingAsyncHandler } from "./async-handler.js";
export { type Closing, closingOf } from "./closing.js";
export { ContentLengthError, InvalidResponseError, NoExchangeError } from "./errors.js";
export { abortSignal, closingSignal, Exchange, exchangeBehind, exchangeOf, pathOf } from "./exchange.js";
export { failureResponse } from "./failure.js";
export { applyHead, type Head } from "./head.js";
export { HeaderLine } from "./header-line.js";
export { isHttp2 } from "./http2.js";
export { type AppOfMessages, type MessageClasses, messageClasses } from "./message-classes.js";
export { remembering } from "./remembering.js";
export {
  type HostFacts,
  localAddress,
  originForm,
  socketFacts,
  socketScheme,
  toRequest,
  wasRead,
} from "./request.js";
export { requestHeaders, untouchedHeaders } from "./request-headers.js";
export { respond } from "./response.js";
export { serve } from "./serve.js";
export { SharedBytes } from "./shared-bytes.js";
export { webBody } from "./web-body.js";
export { writeHead } from "./write-head.js";
