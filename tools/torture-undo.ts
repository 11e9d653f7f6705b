/**
 * `npm run torture -- undo`: what an agent destroys on a real PostgreSQL comes back byte for byte, or was held before its COMMIT.
 *
 *   npm run torture -- undo [--count 2000] [--from <seed of the first>] [--major 18]
 *
 * `--count` is in programs, on all servers together: 18, and 15 where Debian's is installed. Even seeds run in one world that is
 * filled anew, odd ones in a schema made at random.
 */
import { parseArgs } from 'node:util';
import { hasPostgres15 } from '../test/postgres/server.ts';
import { undoTorture, type UndoTally } from '../test/postgres/undo-torture.ts';

const usage = 'usage: npm run torture -- undo [--count <programs>] [--from <seed>] [--major 15|18]';

export async function main(args: readonly string[]): Promise<number> {
  const asked = askedIn(args);
  if (asked === undefined) {
    console.error(usage);
    return 2;
  }
  const { count, from, majors } = asked;
  const each = Math.ceil(count / majors.length);
  console.log(`torture undo: ${each} programs on each of ${majors.join(', ')}, seeds ${from} to ${from + each - 1}`);
  const began = performance.now();
  let said = began;
  let told = 0;
  const tally = await undoTorture({
    majors,
    count: each,
    from,
    progress: (done, so) => {
      for (; told < so.wrong.length; told++) console.log(`wrong: ${so.wrong[told]}`);
      if (performance.now() - said < 10_000) return;
      said = performance.now();
      console.log(`  ${done}: ${sentence(so, (said - began) / 1_000)}`);
    },
  });
  console.log(`torture undo: ${sentence(tally, (performance.now() - began) / 1_000)}`);
  for (const [why, times] of [...tally.why].toSorted((one, other) => other[1] - one[1]))
    console.log(`held ${times} times: ${why}`);
  return tally.wrong.length === 0 ? 0 : 1;
}

function askedIn(
  args: readonly string[],
): { readonly count: number; readonly from: number; readonly majors: readonly (15 | 18)[] } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: 'string', default: '2000' },
        from: { type: 'string', default: '1' },
        major: { type: 'string' },
      },
    });
    const [count = 0, from = 0] = [values.count, values.from].map(Number);
    const all = hasPostgres15() ? ([18, 15] as const) : ([18] as const);
    const majors = all.filter((one) => values.major === undefined || String(one) === values.major);
    const whole = [count, from].every((one) => Number.isSafeInteger(one) && one >= 0);
    return whole && majors.length > 0 ? { count, from, majors } : undefined;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function sentence({ became, wrong }: UndoTally, seconds: number): string {
  const { undone, signed, held, nothing, failed } = became;
  return `${undone} undone, ${signed} undone after a signature, ${held} held, ${failed} refused by the server, ${nothing} wrote nothing; ${wrong.length} wrong; ${seconds.toFixed(0)} s`;
}
