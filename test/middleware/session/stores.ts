/** The stores that the suite in stores.test.ts runs against. */

import connectPgSimple from "connect-pg-simple";
import { RedisStore } from "connect-redis";
import expressSession from "express-session";
import pg from "pg";
import { createClient } from "redis";
import { expressSessionStore, memoryStore, type SessionData, type SessionStore } from "../../../middleware/index.js";
import { mockClock } from "../../../src/clock/index.js";
import { RedisServer } from "../../bus/redis-server.js";
import { PostgresServer } from "../../postgres-server.js";
import { rest } from "../../stream/kit.js";

/** A store whose sessions live for `timeToLive` seconds after their last use, and ways to look behind it. */
export interface RunningStore {
  readonly store: SessionStore;
  /** The keys of the sessions that live. */
  keys(): Promise<readonly string[]>;
  /** Makes time pass for a session: it has `seconds` left to live from now on. */
  leave(key: string, seconds: number): Promise<void>;
  /** @returns once a session has no more time to live */
  expired(key: string): Promise<void>;
  close(): Promise<unknown>;
}

/** A store outside of this process. */
export interface ServedStore extends RunningStore {
  /** Ends the server without warning. */
  kill(): Promise<void>;
  /** Starts the server again; resolves once the store works. */
  restart(): Promise<void>;
  /** Are its sessions still there after that? */
  readonly isDurable: boolean;
}

export const timeToLive = 1000;

/** Waits for what comes about by itself. */
export async function until(holds: () => unknown): Promise<void> {
  while (!(await holds())) await rest();
}

const lives = async ({ keys }: Pick<RunningStore, "keys">, key: string): Promise<boolean> =>
  (await keys()).includes(key);

export async function inMemory(): Promise<RunningStore> {
  const clock = mockClock();
  const cell: Record<string, SessionData> = {};
  const store = memoryStore(cell, { timeToLive, clock });
  return {
    store,
    keys: async () => Object.keys(cell),
    leave: async (_key, seconds) => clock.advance((timeToLive - seconds) * 1000),
    expired: async () => clock.advance(timeToLive * 1000),
    close: async () => {},
  };
}

export async function inRedis(path: string): Promise<ServedStore> {
  const server = await RedisServer.start(path);
  const socket = { port: server.port, reconnectStrategy: 20 };
  const client = createClient({ socket, disableOfflineQueue: true });
  client.on("error", () => {});
  await client.connect();
  const prefix = "sess:";
  const running: ServedStore = {
    store: expressSessionStore(new RedisStore({ client, prefix }), { timeToLive }),
    keys: async () => (await client.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)),
    leave: async (key, seconds) => void (await client.expire(prefix + key, seconds)),
    expired: (key) => until(async () => !(await lives(running, key))),
    isDurable: false,
    kill: () => server.kill(),
    restart: async () => {
      await server.start();
      await until(() => client.isReady);
    },
    close: async () => {
      client.destroy();
      await server.kill();
    },
  };
  return running;
}

export async function inPostgres(programs: string): Promise<ServedStore> {
  const server = await PostgresServer.start(programs);
  const pool = new pg.Pool({ connectionString: server.url });
  pool.on("error", () => {});
  const PgStore = connectPgSimple(expressSession);
  const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false });
  const running: ServedStore = {
    store: expressSessionStore(store, { timeToLive }),
    keys: async () => {
      const { rows } = await pool.query<{ sid: string }>("SELECT sid FROM session WHERE expire >= now()");
      return rows.map(({ sid }) => sid);
    },
    leave: async (key, seconds) => {
      await pool.query("UPDATE session SET expire = now() + make_interval(secs => $2) WHERE sid = $1", [key, seconds]);
    },
    expired: (key) => until(async () => !(await lives(running, key))),
    isDurable: true,
    kill: () => server.kill(),
    restart: () => server.start(),
    close: async () => {
      store.close();
      await pool.end();
      await server.remove();
    },
  };
  return running;
}
