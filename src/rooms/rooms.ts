/** Rooms: what is said to one is heard by all in it, in every process. */

import { randomBytes } from "node:crypto";
import type { Bus } from "../bus/index.js";
import { type ClockOptions, currentClock } from "../clock/index.js";
import { type Deferred, SUCCESS } from "../deferred/core.js";
import { chain, errorDeferred, successDeferred, zip } from "../deferred/index.js";
import { InvalidArgumentError, logError } from "../errors/index.js";
import { checkMilliseconds, checkOptionNames, type OptionNames } from "../errors/options.js";
import { SharedMessage, TRUE } from "../stream/core.js";
import { consumeAsync, type Sink, type Sinkable, type Source, toSink } from "../stream/index.js";
import { checkMemberOptions, Member, type MemberOptions, type SlowMember } from "./member.js";
import { PRESENCE, type PresenceReport, type RoomBroadcast, type RoomMessage, topicOf } from "./message.js";
import { Presence } from "./presence.js";

/** How rooms work. Durations are milliseconds. */
export interface RoomsOptions<T, M = T> extends MemberOptions, ClockOptions {
  /** Makes of a message what members get: once in each process, however many they are. @default the message as it is */
  readonly encode?: ((message: T) => M) | undefined;
  /** Between two signs of life of this process. @default 5000 */
  readonly presenceInterval?: number | undefined;
  /** Without a sign of life after which the members of another process count no more. @default 15_000 */
  readonly presenceTimeout?: number | undefined;
  /** Called when the number of members of a room has changed, in whichever process. */
  readonly onPresence?: ((room: string, count: number) => void) | undefined;
}

/** How a sink joins. */
export interface JoinOptions extends MemberOptions {
  /** Sends a member away that is too slow for `overflow: "disconnect"`: `() => websocketClose(duplex, 1013)`. @default closes it */
  readonly disconnect?: (() => unknown) | undefined;
}

/** A sink in a room. */
export interface Membership {
  readonly room: string;
  /** Yields true once what is broadcast anywhere is heard here; false if it has left before. */
  readonly joined: Deferred<boolean>;
  /** Is it in the room? */
  readonly isMember: boolean;
  /** Messages that wait for it. */
  readonly waiting: number;
  /** Messages that it did not get: it was too slow, or gone. */
  readonly dropped: number;
  /** Ends the membership; the sink stays open. What waits is dropped. */
  leave(): void;
}

/** Who does not get a message. */
export interface BroadcastOptions {
  /** A member of this process, by its membership or its sink: whoever has said it, say. */
  readonly except?: Membership | object | undefined;
}

/** What has been done in this process so far. */
export interface RoomsStats {
  /** Rooms with members here. */
  readonly rooms: number;
  /** Members here, counted in each of their rooms. */
  readonly members: number;
  /** Other processes that are known to be alive. */
  readonly peers: number;
  /** Messages that came for rooms here. */
  readonly received: number;
  /** Messages that members have got, counted for each. */
  readonly sent: number;
  /** Messages that members did not get, counted for each. */
  readonly dropped: number;
  /** Members that were sent away because they were too slow. */
  readonly disconnected: number;
  /** Messages that `encode` failed for. */
  readonly malformed: number;
  /** Rooms whose subscription ended, so that their members were closed. */
  readonly interrupted: number;
}

/** Rooms over a bus. */
export interface Rooms<T, M = T> {
  /**
   * Lets a sink, a websocket's duplex or any other, into a room; when it is closed it leaves. A sink that is in the room
   * already stays in it, with the membership it has.
   */
  join(room: string, sink: Sinkable<M>, options?: JoinOptions): Membership;
  /**
   * Says something to all in a room, in every process.
   *
   * @returns what `publish` of the bus does: true once it is on its way and there is somebody to hear it; it waits for members
   *   that block, of this process. It fails as `publish` does.
   */
  broadcast(room: string, message: T, options?: BroadcastOptions): Deferred<boolean>;
  /** Members in all processes, as far as they have told. */
  count(room: string): number;
  /** Members in this process. */
  size(room: string): number;
  /** Rooms with members in this process. */
  names(): string[];
  /** How full the rooms of this process are, and what has become of what was sent there. */
  stats(): RoomsStats;
  /** Lets all members go, and tells the other processes; their sinks, and the bus, stay open. */
  close(): void;
}

const OPTIONS: OptionNames<RoomsOptions<never>> = {
  bound: true,
  overflow: true,
  encode: true,
  presenceInterval: true,
  presenceTimeout: true,
  onPresence: true,
  clock: true,
};
const JOIN_OPTIONS: OptionNames<JoinOptions> = { bound: true, overflow: true, disconnect: true };

const DEFAULT_BOUND = 256;
const DEFAULT_OVERFLOW: SlowMember = "dropOldest";
const PRESENCE_INTERVAL = 5000;
const PRESENCE_TIMEOUT = 15_000;

interface Room<T, M> {
  readonly messages: Source<RoomMessage<T>>;
  readonly joined: Deferred<boolean>;
  readonly members: Map<object, Entry<M>>;
}

/** A member, and what its owner holds of it. */
interface Entry<M> {
  readonly member: Member<M>;
  readonly membership: Membership;
}

class BusRooms<T, M> implements Rooms<T, M> {
  readonly #bus: Bus<string, RoomMessage<T>>;
  readonly #options: RoomsOptions<T, M>;
  readonly #encode: (message: T) => M;
  readonly #process = randomBytes(9).toString("base64url");
  readonly #rooms = new Map<string, Room<T, M>>();
  /** Of each sink, in whatever rooms. */
  readonly #memberships = new WeakMap<object, Set<Member<M>>>();
  readonly #presence: Presence;
  readonly #reports: Source<RoomMessage<T>>;
  readonly #counts = { received: 0, sent: 0, dropped: 0, disconnected: 0, malformed: 0, interrupted: 0 };
  #members = 0;
  #isClosed = false;

  constructor(bus: Bus<string, RoomMessage<T>>, options: RoomsOptions<T, M>) {
    checkOptionNames("rooms", options, OPTIONS);
    checkMemberOptions("rooms", options);
    const { presenceInterval = PRESENCE_INTERVAL, presenceTimeout = PRESENCE_TIMEOUT } = options;
    checkMilliseconds("rooms", "presenceInterval", presenceInterval);
    if (!(presenceTimeout > presenceInterval)) {
      throw new InvalidArgumentError(
        `rooms: presenceTimeout (${presenceTimeout} milliseconds) must be above presenceInterval (${presenceInterval})`,
      );
    }
    this.#bus = bus;
    this.#options = options;
    this.#encode = options.encode ?? ((message) => message as unknown as M);
    this.#presence = new Presence({
      process: this.#process,
      clock: currentClock(options),
      interval: presenceInterval,
      timeout: presenceTimeout,
      publish: (presence) => this.#report(presence),
      onChange: (room, count) => this.#tell(room, count),
    });
    this.#reports = bus.subscribe(PRESENCE);
    consumeAsync((message: RoomMessage<T>) => {
      if ("presence" in message) this.#presence.receive(message.presence);
    }, this.#reports);
    this.#presence.announce();
  }

  /** What is lost is made up for with the next sign of life. */
  #report(presence: PresenceReport): void {
    this.#bus.publish(PRESENCE, { presence }).onRealized(
      () => {},
      () => {},
    );
  }

  #tell(room: string, count: number): void {
    try {
      this.#options.onPresence?.(room, count);
    } catch (error) {
      logError(error, "error in onPresence of rooms");
    }
  }

  // --- members

  join(name: string, sinkable: Sinkable<M>, options: JoinOptions = {}): Membership {
    checkOptionNames("join", options, JOIN_OPTIONS);
    checkMemberOptions("join", options);
    if (this.#isClosed) throw new InvalidArgumentError("join: the rooms are closed; join before that");
    const found = this.#rooms.get(name)?.members.get(sinkable);
    if (found !== undefined) return found.membership;
    const sink = toSink(sinkable);
    const room = this.#rooms.get(name) ?? this.#open(name);
    const entry = this.#entry(name, room, sinkable, sink, options);
    room.members.set(sinkable, entry);
    this.#members++;
    this.#presence.set(name, room.members.size);
    this.#watch(sinkable, sink, entry.member);
    return entry.membership;
  }

  /** One callback for each sink, however often it joins and leaves. */
  #watch(key: object, sink: Sink<M>, member: Member<M>): void {
    const found = this.#memberships.get(key);
    const members = found ?? new Set<Member<M>>();
    members.add(member);
    if (found !== undefined) {
      if (sink.isClosed()) member.leave();
      return;
    }
    this.#memberships.set(key, members);
    sink.onClosed(() => {
      for (const each of members) each.leave();
    });
  }

  #entry(name: string, room: Room<T, M>, key: object, sink: Sink<M>, options: JoinOptions): Entry<M> {
    const { bound = this.#options.bound ?? DEFAULT_BOUND, disconnect = () => sink.close() } = options;
    const { overflow = this.#options.overflow ?? DEFAULT_OVERFLOW } = options;
    const counts = this.#counts;
    const member = new Member<M>(`${this.#process}/${++lastMember}`, sink, { bound, overflow }, disconnect, {
      onSent: () => void counts.sent++,
      onDropped: (count) => void (counts.dropped += count),
      onDisconnected: () => void counts.disconnected++,
      onGone: () => this.#onGone(name, room, key),
    });
    const joined = chain(room.joined, (isJoined) => isJoined && !member.isGone);
    return { member, membership: membershipOf(name, member, joined) };
  }

  #onGone(name: string, room: Room<T, M>, key: object): void {
    const entry = room.members.get(key);
    if (entry === undefined) return;
    room.members.delete(key);
    this.#memberships.get(key)?.delete(entry.member);
    this.#members--;
    if (!this.#isClosed) this.#presence.set(name, room.members.size);
    if (room.members.size > 0) return;
    this.#rooms.delete(name);
    room.messages.close();
  }

  #open(name: string): Room<T, M> {
    const topic = topicOf(name);
    const messages = this.#bus.subscribe(topic);
    const bus = this.#bus as Bus<string, RoomMessage<T>> & { whenSubscribed?(topic: string): Deferred<boolean> };
    const joined = bus.whenSubscribed?.(topic) ?? successDeferred(true);
    const room: Room<T, M> = { messages, joined, members: new Map() };
    this.#rooms.set(name, room);
    consumeAsync((message: RoomMessage<T>) => this.#spread(room, message as RoomBroadcast<T>), messages);
    messages.onDrained(() => this.#onInterrupted(name, room));
    return room;
  }

  /** Nothing will be heard in the room any more: its members had better come again. */
  #onInterrupted(name: string, room: Room<T, M>): void {
    if (this.#rooms.get(name) !== room) return;
    this.#counts.interrupted++;
    logError(undefined, `the subscription of a room has ended, so its ${room.members.size} members are closed`, "warn");
    for (const { member } of room.members.values()) member.close();
  }

  // --- messages

  broadcast(room: string, message: T, { except }: BroadcastOptions = {}): Deferred<boolean> {
    if (this.#isClosed) {
      return errorDeferred(new InvalidArgumentError("broadcast: the rooms are closed; broadcast before that"));
    }
    const absent = except === undefined ? undefined : this.#idOf(room, except);
    return this.#bus.publish(topicOf(room), absent === undefined ? { message } : { message, except: absent });
  }

  #idOf(room: string, who: object): string | undefined {
    const members = this.#rooms.get(room)?.members;
    const found = members?.get(who) ?? [...(members?.values() ?? [])].find(({ membership }) => membership === who);
    return found?.member.id;
  }

  /** The one place where a message is encoded. @returns what whoever broadcasts has to wait for */
  #spread({ members }: Room<T, M>, { message, except }: RoomBroadcast<T>): Deferred<unknown> {
    let shared: SharedMessage<M>;
    try {
      this.#counts.received++;
      shared = new SharedMessage(this.#encode(message));
    } catch (error) {
      this.#counts.malformed++;
      logError(error, "a message of a room cannot be encoded, and is left out");
      return TRUE;
    }
    const waits: Deferred<boolean>[] = [];
    // Whoever is sent away while it is spread leaves the map, which does not disturb the loop.
    for (const { member } of members.values()) {
      if (member.id === except) continue;
      const accepted = member.deliver(shared);
      if (accepted.stage !== SUCCESS) waits.push(accepted);
    }
    return waits.length === 0 ? TRUE : chain(zip(...waits), () => true);
  }

  // --- for tools

  count(room: string): number {
    return this.#presence.count(room);
  }

  size(room: string): number {
    return this.#rooms.get(room)?.members.size ?? 0;
  }

  names(): string[] {
    return [...this.#rooms.keys()];
  }

  stats(): RoomsStats {
    return { rooms: this.#rooms.size, members: this.#members, peers: this.#presence.peers, ...this.#counts };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#presence.end();
    for (const { members } of this.#rooms.values()) for (const { member } of members.values()) member.leave();
    this.#reports.close();
  }
}

let lastMember = 0;

function membershipOf<M>(room: string, member: Member<M>, joined: Deferred<boolean>): Membership {
  return {
    room,
    joined,
    get isMember() {
      return !member.isGone;
    },
    get waiting() {
      return member.waiting;
    },
    get dropped() {
      return member.dropped;
    },
    leave: () => member.leave(),
  };
}

/**
 * Makes rooms over a bus: in one process over `eventBus`, in many over `redisEventBus`, with the same code.
 *
 * A broadcast goes over the bus once, is encoded once in each process, and is put into the sink of every member; a websocket
 * gets a frame that was made once for all. What a member does with its own pace is its own affair: `bound` messages (256) wait
 * for it, then `overflow` decides, and what it did not get is counted. Members hear the messages of a room in one order, that
 * of the bus. What the bus loses is lost here: `redisEventBus` tells of it by `onGap`.
 *
 * `count` tells the members of all processes. A process that ends says so; one that dies counts no more after
 * `presenceTimeout`; one that was cut off is counted again when it is back.
 *
 * @param bus Topics are `room:<name>` and `presence`; for Redis, `prefix` keeps those of several programs apart.
 * @throws {InvalidArgumentError} code `RING_INVALID_ARGUMENT`, for a wrong option; from `join` and `broadcast` after `close`.
 * @example
 * import type { RoomMessage } from "express-ring/rooms";
 * const chat = rooms(eventBus<string, RoomMessage<string | Uint8Array>>());
 * app.get("/chat/:room", websocketRoute((duplex, request) => {
 *   const room = String(request.routeParams?.["room"]);
 *   chat.join(room, duplex, { overflow: "disconnect", disconnect: () => websocketClose(duplex, 1013, "too slow") });
 *   consumeAsync((message) => chat.broadcast(room, message, { except: duplex }), duplex);
 * }));
 * @see Source: Aleph's chat example, where each connection subscribes to the topic of its room.
 */
export function rooms<T, M = T>(bus: Bus<string, RoomMessage<T>>, options: RoomsOptions<T, M> = {}): Rooms<T, M> {
  return new BusRooms(bus, options);
}
