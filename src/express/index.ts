/** Ring inside Express, and Express inside Ring. */
export { expressOf } from "./exchange.js";
export { type RingOptions, ring } from "./ring.js";
export { type WebsocketHandler, type WebsocketRoute, websocketRoute } from "./websocket-route.js";
export { withExpressWs } from "./with-express-ws.js";
export { type ListeningExpressApp, withMessageClasses } from "./with-message-classes.js";
export { attachWebsockets, withWebsockets } from "./with-websockets.js";
export { wrapExpress } from "./wrap-express.js";
