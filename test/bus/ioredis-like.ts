/**
 * A client with the methods, events and states of `ioredis`, over one of `redis`: the project does not depend on the
 * former, and what the bus relies on in it is little.
 */
import { EventEmitter } from "node:events";
import { createClient, ErrorReply } from "redis";

type Status = "connecting" | "ready" | "close" | "reconnecting" | "end";

export class IoRedisLike extends EventEmitter {
  status: Status = "connecting";
  readonly #port: number;
  readonly #client: ReturnType<typeof connection>;

  constructor(port: number) {
    super();
    this.#port = port;
    this.#client = connection(port);
    const become = (status: Status) => () => {
      this.status = status;
      process.nextTick(() => this.emit(status));
    };
    this.#client.on("ready", become("ready"));
    this.#client.on("reconnecting", become("close"));
    this.#client.on("end", become("end"));
    this.#client.on("error", (error) => {
      if (this.listenerCount("error") > 0) this.emit("error", error);
    });
    void this.#client.connect();
  }

  async connect(): Promise<never> {
    throw new Error("Redis is already connecting/connected");
  }

  disconnect(): void {
    this.#client.destroy();
  }

  duplicate(): IoRedisLike {
    return new IoRedisLike(this.#port);
  }

  ping(): Promise<string> {
    return this.#client.ping();
  }

  publish(channel: string, message: string | Buffer): Promise<number> {
    return this.#client.publish(channel, message);
  }

  /** As `ioredis` does it: what the connection is lost over is asked again on the next one. */
  async call(command: string, ...parameters: string[]): Promise<unknown> {
    try {
      return await this.#client.sendCommand([command, ...parameters]);
    } catch (error) {
      if (error instanceof ErrorReply || !this.#client.isOpen) throw error;
      if (this.status !== "ready") await new Promise((resolve) => this.once("ready", resolve));
      return this.call(command, ...parameters);
    }
  }

  async subscribe(...channels: string[]): Promise<number> {
    await this.#client.subscribe(channels, this.#tell, true);
    return channels.length;
  }

  async unsubscribe(...channels: string[]): Promise<number> {
    await this.#client.unsubscribe(channels, this.#tell, true);
    return 0;
  }

  readonly #tell = (message: Buffer, channel: Buffer): void => {
    this.emit("message", channel.toString(), message.toString());
    this.emit("messageBuffer", channel, message);
  };
}

function connection(port: number) {
  return createClient({ socket: { port, reconnectStrategy: 20 } });
}
