import { startServer } from "./client-server.js";
import { type Ask, global, kit, node, undici as undiciRequest, withAxios, withGot } from "./clients.js";

export const operations = 4;

const url = `${await startServer()}/large`;

async function all(ask: Ask): Promise<number> {
  let sum = 0;
  await Promise.all(
    Array.from({ length: operations }, async () => {
      sum += await ask(url);
    }),
  );
  return sum;
}

export function ring(): Promise<number> {
  return all(kit);
}

export function undici(): Promise<number> {
  return all(undiciRequest);
}

export function fetched(): Promise<number> {
  return all(global);
}

export function axios(): Promise<number> {
  return all(withAxios);
}

export function got(): Promise<number> {
  return all(withGot);
}

export function nodeHttp(): Promise<number> {
  return all(node);
}
