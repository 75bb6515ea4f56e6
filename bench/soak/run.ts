/** `npm run soak [-- options]`: keeps many connections open, and tells what they cost and whether anything was lost. */
import { parseArgs } from "node:util";
import { type Phase, soak } from "./soak.js";

const help = `npm run soak -- [options]

  --websockets N  open websockets, with a broadcast each second (10000)
  --events N      event streams, with ten events of 8 KiB each second; a third reads slowly, a third leaves midway (1000)
  --seconds N     of sending, for each of both (60)
  --help          says this
`;

const { values } = parseArgs({
  options: {
    websockets: { type: "string", default: "10000" },
    events: { type: "string", default: "1000" },
    seconds: { type: "string", default: "60" },
    help: { type: "boolean", default: false },
  },
});

function count(name: "websockets" | "events" | "seconds"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} must be a whole number of at least 1, not ${values[name]}`);
}

function tell(title: string, phase: Phase): void {
  const megabytes = (phase.finalMemory / 1_000_000).toFixed(0);
  console.log(`${title}
  stayed to the end    ${phase.clients}
  sent to each         ${phase.sent}
  received             ${phase.received}
  lost                 ${phase.lost}
  undelivered          ${phase.dropped}, by the server's own count
  slowest              ${phase.slowest} ms
  memory               ${(phase.memory / 1000).toFixed(1)} kB of RSS for each connection; ${megabytes} MB at the end
  processor            ${(phase.processor * 100).toFixed(0)} %
`);
}

async function main(): Promise<void> {
  const report = await soak({ websockets: count("websockets"), events: count("events"), seconds: count("seconds") });
  tell("websockets", report.websockets);
  tell("event streams", report.events);
  if (report.websockets.lost + report.events.lost > 0) process.exitCode = 1;
}

if (values.help) process.stdout.write(help);
else {
  await main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
