/** Listens on PORT (3000; 0 is any free one) until Ctrl-C or SIGTERM. */
import type { AddressInfo } from "node:net";
import { createApp } from "./app.js";

const server = createApp().listen(Number(process.env["PORT"] ?? 3000), (error) => {
  if (error) throw error;
  console.log(`http://localhost:${(server.address() as AddressInfo).port}/`);
});

/** What is under way has ten seconds; websockets are told that the server goes away. */
function stop(): void {
  server.close(() => process.exit(0));
  setTimeout(() => server.closeAllConnections(), 10_000).unref();
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
