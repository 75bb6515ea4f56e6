/** Ring's websockets: what a listener does with its socket. Source: `ring.websocket`. */
export type { WebsocketListener, WebsocketListenerOptions, WebsocketSocket } from "../ring/types.js";
export { close, isOpen, isUpgradeRequest, isWebsocketResponse, ping, pong, requestProtocols, send } from "./ring.js";
