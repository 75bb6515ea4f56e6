/** Redis clients, known by their methods: nothing is imported, so any version, or any client alike, will do. */

import { InvalidArgumentError } from "../errors/index.js";

type Listener = (...args: unknown[]) => void;

/** As the package `redis` makes it: `subscribe` takes the listener. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  connect(): PromiseLike<unknown>;
  destroy(): void;
  publish(channel: string, message: string | Buffer): PromiseLike<number>;
  subscribe(
    channel: string,
    listener: (message: Buffer, channel: Buffer) => unknown,
    buffers: true,
  ): PromiseLike<unknown>;
  unsubscribe(
    channel: string,
    listener: (message: Buffer, channel: Buffer) => unknown,
    buffers: true,
  ): PromiseLike<unknown>;
  /** Asks for a sign of life. */
  ping(): PromiseLike<unknown>;
  duplicate(): NodeRedisClient;
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** As the package `ioredis` makes it: messages are events. */
export interface IoRedisClient {
  readonly status: string;
  connect(): PromiseLike<unknown>;
  disconnect(): void;
  publish(channel: string, message: string | Buffer): PromiseLike<number>;
  subscribe(...channels: string[]): PromiseLike<unknown>;
  unsubscribe(...channels: string[]): PromiseLike<unknown>;
  /** Asks for a sign of life. */
  ping(): PromiseLike<unknown>;
  duplicate(): IoRedisClient;
  on(event: string, listener: Listener): unknown;
  off(event: string, listener: Listener): unknown;
}

/** A client that the bus can use. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** What a connection tells. */
export interface LinkEvents {
  /** It is connected, or connected again. */
  readonly ready: () => void;
  /** It is gone, and tries to come back. */
  readonly lost: () => void;
  /** It is gone for good. */
  readonly ended: () => void;
}

/** A connection to Redis, whichever client it is made by. */
export interface RedisLink {
  readonly isReady: boolean;
  publish(channel: string, payload: Buffer): PromiseLike<number>;
  /** @returns a function that ends the listening */
  watch(events: LinkEvents): () => void;
  /** A second connection for subscriptions, which is still to be opened. */
  duplicate(onMessage: (channel: string, payload: Buffer) => void): SubscriberLink;
}

/** A connection for subscriptions. */
export interface SubscriberLink extends Pick<RedisLink, "isReady" | "watch"> {
  /** The last error of the connection, which is what made it lost or ended. */
  readonly lastError: unknown;
  /** Fails if it gives up at once. */
  open(): PromiseLike<unknown>;
  subscribe(channel: string): PromiseLike<unknown>;
  unsubscribe(channel: string): PromiseLike<unknown>;
  /** Asks for a sign of life. */
  ping(): PromiseLike<unknown>;
  /** Ends the connection. */
  end(): void;
}

/**
 * The connection behind a client.
 *
 * @throws {InvalidArgumentError} if it has not the methods of one
 */
export function linkOf(client: RedisClient): RedisLink {
  const found = client as unknown as Readonly<Record<string, unknown>> | null | undefined;
  const end = typeof found?.["status"] === "string" ? "disconnect" : "destroy";
  const methods = ["publish", "subscribe", "unsubscribe", "ping", "duplicate", "connect", end, "on", "off"];
  const missing = methods.filter((name) => typeof found?.[name] !== "function");
  if (missing.length > 0) {
    throw new InvalidArgumentError(
      `redisEventBus: the client has no ${missing.join(", ")}; give it one of the package redis, or ioredis`,
    );
  }
  return "status" in client ? new IoRedisLink(client) : new NodeRedisLink(client);
}

type Events = Readonly<Record<string, Listener>>;

function listen(client: RedisClient, events: Events): () => void {
  for (const [event, listener] of Object.entries(events)) client.on(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(events)) client.off(event, listener);
  };
}

class NodeRedisLink implements RedisLink {
  protected readonly client: NodeRedisClient;

  constructor(client: NodeRedisClient) {
    this.client = client;
  }

  get isReady(): boolean {
    return this.client.isReady;
  }

  publish(channel: string, payload: Buffer): PromiseLike<number> {
    return this.client.publish(channel, payload);
  }

  watch({ ready, lost, ended }: LinkEvents): () => void {
    return listen(this.client, { ready, reconnecting: lost, terminated: ended, end: ended });
  }

  duplicate(onMessage: (channel: string, payload: Buffer) => void): SubscriberLink {
    return new NodeRedisSubscriberLink(this.client.duplicate(), onMessage);
  }
}

class NodeRedisSubscriberLink extends NodeRedisLink implements SubscriberLink {
  lastError: unknown;
  readonly #onMessage: (payload: Buffer, channel: Buffer) => void;

  constructor(client: NodeRedisClient, onMessage: (channel: string, payload: Buffer) => void) {
    super(client);
    this.#onMessage = (payload, channel) => onMessage(channel.toString(), payload);
    // Without a listener an error would end the process.
    listen(client, { error: (error) => void (this.lastError = error) });
  }

  open(): PromiseLike<unknown> {
    return this.client.connect();
  }

  /** Of a channel that is subscribed to already, nothing is sent: the client restores those itself. */
  subscribe(channel: string): PromiseLike<unknown> {
    return this.client.subscribe(channel, this.#onMessage, true);
  }

  unsubscribe(channel: string): PromiseLike<unknown> {
    return this.client.unsubscribe(channel, this.#onMessage, true);
  }

  ping(): PromiseLike<unknown> {
    return this.client.ping();
  }

  end(): void {
    this.client.destroy();
  }
}

class IoRedisLink implements RedisLink {
  protected readonly client: IoRedisClient;

  constructor(client: IoRedisClient) {
    this.client = client;
  }

  get isReady(): boolean {
    return this.client.status === "ready";
  }

  publish(channel: string, payload: Buffer): PromiseLike<number> {
    return this.client.publish(channel, payload);
  }

  watch({ ready, lost, ended }: LinkEvents): () => void {
    return listen(this.client, { ready, close: lost, end: ended });
  }

  duplicate(onMessage: (channel: string, payload: Buffer) => void): SubscriberLink {
    return new IoRedisSubscriberLink(this.client.duplicate(), onMessage);
  }
}

class IoRedisSubscriberLink extends IoRedisLink implements SubscriberLink {
  lastError: unknown;

  constructor(client: IoRedisClient, onMessage: (channel: string, payload: Buffer) => void) {
    super(client);
    listen(client, {
      error: (error) => void (this.lastError = error),
      messageBuffer: (channel, payload) => onMessage(String(channel), payload as Buffer),
    });
  }

  /** It connects by itself, unless it was told to wait. */
  open(): PromiseLike<unknown> {
    return this.client.status === "wait" ? this.client.connect() : Promise.resolve();
  }

  subscribe(channel: string): PromiseLike<unknown> {
    return this.client.subscribe(channel);
  }

  unsubscribe(channel: string): PromiseLike<unknown> {
    return this.client.unsubscribe(channel);
  }

  ping(): PromiseLike<unknown> {
    return this.client.ping();
  }

  end(): void {
    this.client.disconnect();
  }
}
