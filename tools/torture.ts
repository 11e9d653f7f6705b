/**
 * `npm run torture`: generated requests down the real road; what reaches a destructive resolver has to have been signed.
 *
 *   npm run torture -- [--count 1000000] [--seed N] [--from N]
 *   npm run torture -- sql …                                      # reads on a real PostgreSQL: torture-sql.ts
 *   npm run torture -- suite …                                    # PostgreSQL's suite through the gate: torture-suite.ts
 *   npm run torture -- backup …                                   # copies of a real PostgreSQL: torture-backup.ts
 *   npm run torture -- undo …                                     # row changes and their undo: torture-undo.ts
 *
 * Prints where it is, and at the end what became of them. Exits 1 at the first thing that is wrong, with the command that
 * repeats it; 2 on wrong usage.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { main as tortureBackupMain } from './torture-backup.ts';
import { main as tortureSqlMain } from './torture-sql.ts';
import { main as tortureSuiteMain } from './torture-suite.ts';
import { main as tortureUndoMain } from './torture-undo.ts';
import { type Tally, torture } from '../test/torture/railway-torture.ts';

const usage = 'usage: npm run torture -- [--count <requests>] [--seed <number>] [--from <number of the first>]';

interface Asked {
  readonly count: number;
  readonly seed: number;
  readonly from: number;
}

async function main(args: readonly string[]): Promise<number> {
  const asked = askedIn(args);
  if (asked === undefined) {
    console.error(usage);
    return 2;
  }
  const { count, seed, from } = asked;
  console.log(`torture: ${count} requests from ${from}, seed ${seed}`);
  const began = performance.now();
  let said = began;
  const tally = await torture({
    ...asked,
    progress: (done, so) => {
      if (performance.now() - said < 10_000) return;
      said = performance.now();
      const rate = done / ((said - began) / 1_000);
      console.log(`  ${done} of ${count}, ${rate.toFixed(0)}/s, ${so.mutations} mutations reached`);
    },
  });
  console.log(sentence(tally, (performance.now() - began) / 1_000));
  for (const wrong of tally.wrong) console.error(`wrong: ${wrong}`);
  if (tally.wrong.length > 0) console.error(`again: npm run torture -- --seed ${seed} --from ${from} --count ${count}`);
  return tally.wrong.length === 0 ? 0 : 1;
}

function askedIn(args: readonly string[]): Asked | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: 'string', default: '1000000' },
        seed: { type: 'string', default: String(randomInt(2 ** 31)) },
        from: { type: 'string', default: '0' },
      },
    });
    const [count, seed, from] = [values.count, values.seed, values.from].map(Number);
    const whole = [count, seed, from].every((one) => Number.isSafeInteger(one) && Number(one) >= 0);
    return whole ? { count: count ?? 0, seed: seed ?? 0, from: from ?? 0 } : undefined;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function sentence(tally: Tally, seconds: number): string {
  const outcomes = [...tally.outcomes].toSorted((a, b) => b[1] - a[1]).map(([code, times]) => `${times} ${code}`);
  return `torture: ${outcomes.join(', ')}; ${tally.throughGate} through the gate; ${tally.signed} signed (${tally.signedDone} ran); far side: ${tally.requests} requests, ${tally.mutations} mutations; ${tally.wrong.length} wrong; ${seconds.toFixed(0)} s, CPU ${(process.cpuUsage().user / 1e6).toFixed(0)} s`;
}

const [part, ...rest] = process.argv.slice(2);
if (part === 'sql') process.exitCode = await tortureSqlMain(rest);
else if (part === 'suite') process.exitCode = await tortureSuiteMain(rest);
else if (part === 'backup') process.exitCode = await tortureBackupMain(rest);
else if (part === 'undo') process.exitCode = await tortureUndoMain(rest);
else process.exitCode = await main(process.argv.slice(2));
