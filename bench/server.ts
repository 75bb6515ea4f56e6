/** The process a contender's server lives in: `node server.js <module> <entry>`. Tells its port, then its use of processor and memory. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

const [module = "", entry = ""] = process.argv.slice(2);
const { [entry]: start } = (await import(module)) as Record<string, () => Server | Promise<Server>>;
if (start === undefined) throw new Error(`${module} does not export ${entry}`);

const server = await start();
const tellPort = (): void => {
  process.send?.({ port: (server.address() as AddressInfo).port });
};
if (server.listening) tellPort();
else server.once("listening", tellPort);

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  // Kilobytes.
  const { maxRSS } = process.resourceUsage();
  // Only there with --expose-gc.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({
    processorMicroseconds: user + system,
    peakMemory: maxRSS * 1024,
    inUse: heapUsed + external,
  });
});
// An orderly exit, so that --cpu-prof writes its profile.
process.once("disconnect", () => process.exit());
