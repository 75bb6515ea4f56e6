/** Bare node:http and node:http2. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server, type Http2Server } from "node:http2";
import { careful, data, greeting, json, line, lines, plainText, text } from "./tasks.js";
import { load } from "./untyped.js";

const { parse: parseCookies } = await load<{ parse(this: void, header: string): Record<string, string> }>("cookie");

export function start(): Server {
  return createServer(route).listen(0);
}

export function startHttp2(): Http2Server {
  return createHttp2Server((_request, response) => {
    response.writeHead(200, { "content-type": plainText, "content-length": text.length });
    response.end(text);
  }).listen(0);
}

/** The same on the streams themselves, without the layer that looks like HTTP/1. */
export function startHttp2Streams(): Http2Server {
  return createHttp2Server()
    .on("stream", (stream) => {
      stream.respond({ ":status": 200, "content-type": plainText, "content-length": text.length });
      stream.end(text);
    })
    .listen(0);
}

function route(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url as string;
  if (url === "/text") {
    response.writeHead(200, { "content-type": plainText, "content-length": text.length });
    response.end(text);
  } else if (url === "/json") {
    const body = JSON.stringify(data());
    response.writeHead(200, { "content-type": json, "content-length": Buffer.byteLength(body) });
    response.end(body);
  } else if (url === "/echo") echo(request, response);
  else if (url === "/stream") stream(response);
  else if (url.startsWith("/greet")) greet(request, response);
  else {
    response.writeHead(404);
    response.end();
  }
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => void pieces.push(piece));
  request.on("end", () => {
    const body = Buffer.concat(pieces).toString();
    response.writeHead(200, { "content-type": plainText, "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": plainText });
  let sent = 0;
  const more = (): void => {
    while (sent < lines) {
      sent++;
      if (!response.write(line)) {
        response.once("drain", more);
        return;
      }
    }
    response.end();
  };
  more();
}

function greet(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url as string;
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1));
  const cookies = parseCookies(request.headers.cookie ?? "");
  const body = greeting(query.get("name") ?? "", cookies["theme"] ?? "");
  response.writeHead(200, { "content-type": plainText, "content-length": Buffer.byteLength(body), ...careful });
  response.end(body);
}
