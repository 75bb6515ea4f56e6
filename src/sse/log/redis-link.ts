/** Redis clients that can be sent any command, known by their methods: nothing is imported. */

import { InvalidArgumentError } from "../../errors/index.js";

type Listener = (...args: unknown[]) => void;

/** As the package `redis` makes it. */
export interface NodeRedisCommands {
  readonly isReady: boolean;
  sendCommand(command: readonly string[]): PromiseLike<unknown>;
  connect(): PromiseLike<unknown>;
  destroy(): void;
  duplicate(): NodeRedisCommands;
  on(event: string, listener: Listener): unknown;
}

/** As the package `ioredis` makes it. */
export interface IoRedisCommands {
  readonly status: string;
  call(command: string, ...parameters: string[]): PromiseLike<unknown>;
  connect(): PromiseLike<unknown>;
  disconnect(): void;
  duplicate(): IoRedisCommands;
  on(event: string, listener: Listener): unknown;
}

/** A client that a log of events can use. */
export type RedisCommandClient = NodeRedisCommands | IoRedisCommands;

/** A connection to Redis, whichever client it is made by. */
export interface CommandLink {
  readonly isReady: boolean;
  send(command: readonly [string, ...string[]]): PromiseLike<unknown>;
  /**
   * A second connection, for commands that block.
   *
   * @param onLost Called when it is lost, also where the client sends its commands again on another one by itself.
   */
  duplicate(onLost: () => void): CommandLink;
  /** Ends the connection. */
  end(): void;
}

/** @throws {InvalidArgumentError} if it has not the methods of a client */
export function commandLinkOf(client: RedisCommandClient): CommandLink {
  const found = client as unknown as Readonly<Record<string, unknown>> | null | undefined;
  const [send, end] = typeof found?.["status"] === "string" ? ["call", "disconnect"] : ["sendCommand", "destroy"];
  const missing = [send, end, "duplicate", "connect", "on"].filter(
    (name) => typeof found?.[name as string] !== "function",
  );
  if (missing.length > 0) {
    throw new InvalidArgumentError(
      `redisEventLog: the client has no ${missing.join(", ")}; give it one of the package redis, or ioredis`,
    );
  }
  return "status" in client ? new IoRedisLink(client) : new NodeRedisLink(client);
}

class NodeRedisLink implements CommandLink {
  readonly #client: NodeRedisCommands;

  constructor(client: NodeRedisCommands) {
    this.#client = client;
  }

  get isReady(): boolean {
    return this.#client.isReady;
  }

  send(command: readonly [string, ...string[]]): PromiseLike<unknown> {
    return this.#client.sendCommand(command);
  }

  duplicate(onLost: () => void): CommandLink {
    const client = this.#client.duplicate();
    // Without a listener an error would end the process; the commands that fail with it tell of it.
    client.on("error", () => {});
    client.on("reconnecting", onLost);
    client.connect().then(undefined, () => {});
    return new NodeRedisLink(client);
  }

  end(): void {
    this.#client.destroy();
  }
}

class IoRedisLink implements CommandLink {
  readonly #client: IoRedisCommands;

  constructor(client: IoRedisCommands) {
    this.#client = client;
  }

  get isReady(): boolean {
    return this.#client.status === "ready";
  }

  send([name, ...parameters]: readonly [string, ...string[]]): PromiseLike<unknown> {
    return this.#client.call(name, ...parameters);
  }

  duplicate(onLost: () => void): CommandLink {
    const client = this.#client.duplicate();
    client.on("error", () => {});
    client.on("close", onLost);
    // It connects by itself, unless it was told to wait; then its first command makes it.
    return new IoRedisLink(client);
  }

  end(): void {
    this.#client.disconnect();
  }
}
