/** Requests of HTTP/2 that are a CONNECT: those that ask for a websocket (RFC 8441), and the others. */

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { isHttp2 } from "../../message/index.js";
import { ConnectUpgrade } from "../../websocket/connect-upgrade.js";
import type { OpenWebsockets } from "../../websocket/open-websockets.js";
import type { NodeServer } from "./options.js";

/**
 * Leads those that ask for a websocket through the handler, as requests. Others are refused, unless somebody else listens
 * for them.
 */
export function leadConnects(server: NodeServer, onRequest: RequestListener, websockets: OpenWebsockets): void {
  server.on("connect", (req: IncomingMessage, res: ServerResponse) => {
    if (isHttp2(req) && req.headers[":protocol"] === "websocket") {
      onRequest(req, new ConnectUpgrade(req, res, websockets).res as Parameters<RequestListener>[1]);
    } else if (server.listenerCount("connect") === 1) refuse(req, res);
  });
}

/** As Node does where nobody listens; a protocol that is not known is one that the server does not speak (RFC 9220, 3). */
function refuse(req: IncomingMessage, res: ServerResponse): void {
  if (isHttp2(req)) res.writeHead(req.headers[":protocol"] === undefined ? 405 : 501).end();
  else req.socket.destroy();
}
