/** What a row of the benchmarks is: one task, and the ways to do it. */

/** Requests over kept-alive connections, each sent when the one before it is answered. */
export interface HttpLoad {
  readonly kind: "http";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Is it sent with the cookies that a first visit sets, as by a browser? @default false */
  readonly keepsCookies?: boolean;
  /** The body of POST requests; without it they are GETs. */
  readonly post?: string;
  readonly connections: number;
  /** What every contender must answer with 200, so that all do the same work. */
  readonly body: string;
}

/** Requests over HTTP/2 without TLS, many at a time on each connection. */
export interface Http2Load {
  readonly kind: "http2";
  readonly path: string;
  readonly connections: number;
  /** Requests under way on each connection. */
  readonly streams: number;
  /** What every contender must answer with 200. */
  readonly body: string;
}

/** Messages that the server echoes; each echo is answered by the next message. */
export interface WebsocketLoad {
  readonly kind: "websocket";
  readonly path: string;
  readonly connections: number;
  /** Messages under way on each connection. */
  readonly window: number;
  /** Bytes in a message. */
  readonly size: number;
  readonly binary: boolean;
}

/**
 * Messages that the server sends to all its members: websockets, which ask for it with the message, or listeners to
 * server-sent events.
 */
export interface FanOutLoad {
  readonly kind: "broadcast" | "events";
  readonly members: number;
  /** Broadcasts under way at a time. */
  readonly window: number;
  /** Bytes in a message. */
  readonly size: number;
}

/** Websockets that say nothing, and how many of them fit into a megabyte of the server, once garbage is collected. */
export interface IdleLoad {
  readonly kind: "idle";
  readonly connections: number;
}

/** What is spoken over a websocket, where that is not messages alone. */
export type Protocol = "socket.io";

/** Forms with a field and a large file, one after the other on each connection. */
export interface UploadLoad {
  readonly kind: "upload";
  readonly path: string;
  readonly connections: number;
  /** Bytes in the file. */
  readonly size: number;
  /** What every contender must answer with 200. */
  readonly body: string;
}

/** A function of this process's own, no sockets. */
export interface MicroLoad {
  readonly kind: "micro";
}

/** How many of what the function makes fit into a megabyte, once garbage is collected. */
export interface MemoryLoad {
  readonly kind: "memory";
}

export interface Contender {
  readonly name: string;
  /** File below bench, as it is compiled. */
  readonly module: string;
  /** The exported function: a server's starter, or the function to be measured. @default "start" */
  readonly entry?: string;
  /** Is it the kit, or something the kit is compared with? @default false */
  readonly kit?: boolean;
  /** What its clients have to speak. @default messages alone */
  readonly protocol?: Protocol;
  /** What it has to reach: at least so many times the rate of the contender named. */
  readonly targets?: Readonly<Record<string, number>>;
  /** The contender below whose peak memory it has to stay. */
  readonly leaner?: string;
}

export interface Row {
  /** Names the row on the command line. */
  readonly name: string;
  readonly title: string;
  readonly unit: "requests/s" | "messages/s" | "operations/s" | "per MB" | "MB/s";
  readonly load: HttpLoad | Http2Load | WebsocketLoad | FanOutLoad | IdleLoad | UploadLoad | MicroLoad | MemoryLoad;
  /** The contender that the others are compared with. */
  readonly baseline: string;
  readonly contenders: readonly Contender[];
}
