/** What rooms say over a bus. */

import { Buffer } from "node:buffer";
import type { Codec } from "../bus/index.js";
import { NotConvertibleError } from "../errors/index.js";

/** A message to a room. Other programs may publish some, too: `{ "message": "hello" }` under the topic `room:<name>`. */
export interface RoomBroadcast<T> {
  readonly message: T;
  /** A member that is not to get it. */
  readonly except?: string | undefined;
}

/** What a process tells the others of its members. */
export interface PresenceReport {
  readonly process: string;
  /** How many changes it has told of so far. */
  readonly sequence: number;
  /** All its counts; some that have changed; none, but it is alive; it ends. Or it asks one process, or all, for theirs. */
  readonly kind: "all" | "change" | "alive" | "end" | "ask";
  readonly counts?: readonly (readonly [room: string, count: number])[] | undefined;
  /** Who is asked. */
  readonly of?: string | undefined;
}

/** The messages of the bus that rooms are made with. */
export type RoomMessage<T> = RoomBroadcast<T> | { readonly presence: PresenceReport };

export const topicOf = (room: string): string => `room:${room}`;

/** No room has it. */
export const PRESENCE = "presence";

/** Before bytes; JSON begins otherwise. */
const BINARY = 0;

/**
 * The codec of a Redis bus for rooms whose messages are bytes, or bytes and text; text alone needs none.
 *
 * @example
 * const client = await createClient({ url: "redis://localhost" }).on("error", console.error).connect();
 * const chat = rooms(redisEventBus(client, { codec: roomCodec }));
 * @see Source: none; `manifold.bus` is within one process.
 */
export const roomCodec: Codec<RoomMessage<string | Uint8Array>> = {
  encode(message) {
    if ("presence" in message || typeof message.message === "string") return JSON.stringify(message);
    if (!(message.message instanceof Uint8Array)) throw new NotConvertibleError(message.message, "text or bytes");
    const except = Buffer.from(message.except ?? "");
    return Buffer.concat([Buffer.of(BINARY, except.length), except, message.message]);
  },
  decode(bytes) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (buffer[0] !== BINARY) return JSON.parse(buffer.toString()) as RoomMessage<string>;
    const end = 2 + (buffer[1] ?? 0);
    const except = buffer.toString("utf8", 2, end);
    // A copy: what arrives is a part of a larger piece of memory.
    return { message: new Uint8Array(buffer.subarray(end)), except: except === "" ? undefined : except };
  },
};
