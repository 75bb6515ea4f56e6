/** Rooms and broadcast over the event bus. */
export type { MemberOptions, SlowMember } from "./member.js";
export { type PresenceReport, type RoomBroadcast, type RoomMessage, roomCodec } from "./message.js";
export {
  type BroadcastOptions,
  type JoinOptions,
  type Membership,
  type Rooms,
  type RoomsOptions,
  type RoomsStats,
  rooms,
} from "./rooms.js";
