/**
 * `npm run torture -- backup`: a real PostgreSQL is copied by a process that is killed, kept from its store, its disk, its
 * slot and the right time; whatever is listed as good by then has to come back, by the kit and the recovery key alone.
 *
 *   npm run torture -- backup [--count 200] [--seed N] [--major 18]
 *
 * `--count` is in cycles, on all servers together: 18, and 15 where Debian's is installed. As root the disk is full, too.
 */
import { parseArgs } from 'node:util';
import { hasPostgres15 } from '../test/postgres/server.ts';
import { backupCycles } from '../test/backup/cycles.ts';

const usage = 'usage: npm run torture -- backup [--count <cycles>] [--seed <number>] [--major 15|18]';

export async function main(args: readonly string[]): Promise<number> {
  const asked = askedIn(args);
  if (asked === undefined) {
    console.error(usage);
    return 2;
  }
  const { count, seed, majors } = asked;
  const cycles = Math.ceil(count / majors.length);
  let code = 0;
  for (const major of majors) {
    console.log(`torture backup: ${cycles} cycles on PostgreSQL ${major}, seed ${seed}`);
    const began = performance.now();
    const { faults, equal, anew, wrong } = await backupCycles({
      cycles,
      seed,
      major,
      progress: (said) => console.log(`  ${said}`),
    });
    for (const one of wrong) console.error(`wrong: ${one}`);
    const by = [...faults].map(([fault, times]) => `${fault} ${times}`).join(', ');
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    console.log(
      `torture backup: PostgreSQL ${major}: ${equal} of ${cycles} came back equal, ${wrong.length} wrong, begun anew ${anew} times, ${seconds} s; ${by}`,
    );
    if (wrong.length > 0 || equal < cycles) code = 1;
  }
  return code;
}

function askedIn(
  args: readonly string[],
): { readonly count: number; readonly seed: number; readonly majors: readonly (15 | 18)[] } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        count: { type: 'string', default: '200' },
        seed: { type: 'string', default: '1' },
        major: { type: 'string' },
      },
    });
    const [count = 0, seed = 0] = [values.count, values.seed].map(Number);
    const all = hasPostgres15() ? ([18, 15] as const) : ([18] as const);
    const majors = all.filter((one) => values.major === undefined || String(one) === values.major);
    const whole = [count, seed].every((one) => Number.isSafeInteger(one) && one >= 0);
    return whole && majors.length > 0 ? { count, seed, majors } : undefined;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
