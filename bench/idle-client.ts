/** Opens websockets that say nothing: `node idle-client.js <port> <count>`. It writes a line when all are open, and keeps them. */
import { connectWebsocket } from "./raw-websocket.js";

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
/** Connections that are opened at a time. */
const BATCH = 100;

for (let opened = 0; opened < count; opened += BATCH) {
  const batch = Math.min(BATCH, count - opened);
  // oxlint-disable-next-line no-await-in-loop -- one batch after the other
  await Promise.all(Array.from({ length: batch }, () => connectWebsocket(port, "/")));
}
process.stdout.write("open\n");
