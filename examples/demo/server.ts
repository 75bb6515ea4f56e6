/** What `npm start` runs: the demo on the port that PORT names (3000; 0 finds a free one), until Ctrl-C or SIGTERM. */
import { start } from "./start.js";

const demo = await start(Number(process.env.PORT ?? 3000));
console.log(`The demo is on ${demo.url}`);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void demo.stop());
