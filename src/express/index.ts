/** Ring inside Express, and Express inside Ring. */
export { expressOf } from "./exchange.js";
export {
  type AppOfMessages,
  type ListeningExpressApp,
  type MessageClasses,
  messageClasses,
  withMessageClasses,
} from "./message-classes.js";
export { type RingOptions, ring } from "./ring.js";
export { type WebsocketHandler, type WebsocketRoute, websocketRoute } from "./websocket-route.js";
export { withExpressWs } from "./with-express-ws.js";
export { attachWebsockets, withWebsockets } from "./with-websockets.js";
export { wrapExpress } from "./wrap-express.js";
