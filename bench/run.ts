/** `npm run bench [-- <row>... options]`: measures rows side by side and keeps the results under bench/results. */
import { rmSync } from "node:fs";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { measure, type Plan } from "./measure.js";
import { summary } from "./profile.js";
import { keep, record, resultsFolder, text } from "./report.js";
import type { Row } from "./row.js";
import { rows } from "./rows.js";

const help = `npm run bench -- [row...] [options]

  --rounds N    turns of each contender (5)
  --seconds N   measured seconds of a turn (6)
  --warmup N    seconds under load before that (2)
  --only TEXT   only the contenders with TEXT in their names, and the baseline
  --quick       3 rounds of 1 second after 1 second
  --profile     one round, in which each contender's profile is written to bench/results/profiles, and told
  --list        names the rows
  --help        says this

The results are kept in bench/results/results.*, and the table goes into docs/benchmarks.md; those of --only, --quick and
--profile are no real ones and are kept in bench/results/quick.*.
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string" },
    seconds: { type: "string" },
    warmup: { type: "string" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** A whole number of at least 1: wrk takes whole seconds only. */
function count(option: "rounds" | "seconds" | "warmup", fallback: number): number {
  const value = Number(values[option] ?? fallback);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${option} must be a whole number of at least 1, not ${values[option]}`);
}

function selected(): readonly Row[] {
  const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) {
    throw new Error(`no row ${unknown.join(", ")}; there are ${rows.map(({ name }) => name).join(", ")}`);
  }
  const wanted = positionals.length === 0 ? rows : rows.filter(({ name }) => positionals.includes(name));
  return wanted.map(withSelectedContenders);
}

function withSelectedContenders(row: Row): Row {
  const { only } = values;
  if (only === undefined) return row;
  return { ...row, contenders: row.contenders.filter(({ name }) => name.includes(only) || name === row.baseline) };
}

async function main(): Promise<void> {
  const plan: Plan = {
    rounds: count("rounds", values.profile ? 1 : values.quick ? 3 : 5),
    seconds: count("seconds", values.quick ? 1 : 6),
    warmup: count("warmup", values.quick ? 1 : 2),
    profiles: values.profile ? `${resultsFolder}profiles` : undefined,
  };
  if (plan.profiles !== undefined) rmSync(plan.profiles, { recursive: true, force: true });
  const kind = values.quick || values.profile || values.only !== undefined ? "quick" : "results";
  const [load = 0] = loadavg();
  if (load > 0.5) console.error(`The machine is busy (load ${load.toFixed(1)}): the results will be noisy.\n`);
  for (const row of selected()) {
    const result = await measure(row, plan, (contender, round, { rate, processor }) => {
      const figure = `${Math.round(rate).toLocaleString("en")} ${row.unit}, ${Math.round(processor * 100)} % of a processor`;
      console.error(`${row.name} ${round}/${plan.rounds}  ${contender}: ${figure}`);
    });
    keep(
      kind,
      [record(result, plan)],
      rows.map(({ name }) => name),
    );
    console.log(`\n${text(result)}\n`);
  }
  if (plan.profiles !== undefined) console.log(summary(plan.profiles, 20));
}

if (values.help) process.stdout.write(help);
else if (values.list) for (const { name, title } of rows) console.log(`${name.padEnd(18)}${title}`);
else {
  await main().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
