/**
 * `npm run torture -- sql`: what the PostgreSQL gate's provider calls a read must change nothing on a real server.
 *
 *   npm run torture -- sql [--count 100000] [--seed N] [--from N]
 *
 * Runs the statements of PostgreSQL's own regression suite, which it fetches from Debian's sources into a cache folder
 * (`HOLDPOINT_SUITE`, else `~/.cache/holdpoint`), and variants of them. `--count` is in checks; `--from` is the number of the first
 * statement that is looked at, those before it only build the world. Needs apt-get and psql.
 */
import { parseArgs } from 'node:util';
import { randomInt } from 'node:crypto';
import type { DifferentialTally } from '../test/torture/sql-differential.ts';
import { tortureSql } from '../test/torture/sql-torture.ts';

const usage =
  'usage: npm run torture -- sql [--count <checks>] [--seed <number>] [--from <number of the first statement>]';

/** In ms. Each session gives up by itself long before; this is for what nobody thought of. */
const longestSilence = 400_000;

export async function main(args: readonly string[]): Promise<number> {
  const asked = askedIn(args);
  if (asked === undefined) {
    console.error(usage);
    return 2;
  }
  const { count, seed, from } = asked;
  console.log(`torture sql: ${count} checks from statement ${from}, seed ${seed}`);
  const began = performance.now();
  let said = began;
  let [told, toldLate] = [0, 0];
  let heard = began;
  const watchdog = setInterval(() => {
    if (performance.now() - heard < longestSilence) return;
    console.error(`torture sql: nothing was heard of it for ${longestSilence / 1_000} s: given up`);
    process.exit(1);
  }, 5_000);
  const tally = await tortureSql({
    ...asked,
    progress: (so) => {
      heard = performance.now();
      for (; told < so.wrong.length; told++) console.log(`wrong: ${so.wrong[told]}`);
      for (; toldLate < so.late.length; toldLate++) console.log(`late: ${so.late[toldLate]}`);
      if (performance.now() - said < 10_000) return;
      said = performance.now();
      console.log(`  ${sentence(so, (said - began) / 1_000)}`);
    },
  }).finally(() => clearInterval(watchdog));
  console.log(`torture sql: ${sentence(tally, (performance.now() - began) / 1_000)}`);
  for (const wrong of tally.wrong.slice(told)) console.error(`wrong: ${wrong}`);
  for (const late of tally.late.slice(toldLate)) console.log(`late: ${late}`);
  if (tally.wrong.length > 0)
    console.error(`again: npm run torture -- sql --seed ${seed} --from ${from} --count ${count}`);
  return tally.wrong.length === 0 ? 0 : 1;
}

function askedIn(args: readonly string[]): { count: number; seed: number; from: number } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: 'string', default: '100000' },
        seed: { type: 'string', default: String(randomInt(2 ** 31)) },
        from: { type: 'string', default: '0' },
      },
    });
    const [count = 0, seed = 0, from = 0] = [values.count, values.seed, values.from].map(Number);
    const whole = [count, seed, from].every((one) => Number.isSafeInteger(one) && one >= 0);
    return whole ? { count, seed, from } : undefined;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function sentence(tally: DifferentialTally, seconds: number): string {
  const { statements, variants, checks, byForm, byMeasure, ran, digests, other, refused, unproved, late, wrong } =
    tally;
  return `${checks} checks (${byForm} reads by form, ${byMeasure} by measure; ${ran} ran to their end) of ${statements} statements and ${variants} variants; not reads: ${other}, refused: ${refused}, unproved: ${unproved}; ${late.length} too late; ${digests} digests; ${wrong.length} wrong; ${seconds.toFixed(0)} s`;
}
