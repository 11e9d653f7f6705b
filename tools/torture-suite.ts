/**
 * `npm run torture -- suite`: PostgreSQL's own regression suite through the gate has to print what it prints directly.
 *
 *   npm run torture -- suite [--only <file> …] [--kept <folder>] [--json]
 *
 * Each file is run by psql twice from the same state of a real PostgreSQL 18: directly, and through a gate whose policy permits an
 * operator everything. What takes over another role is refused by the gate, so files that do are compared
 * without that as well. Prints how many places differ and why (docs/postgres-differences.md). `--only` names files, the ones before
 * them only build the world; `--kept` keeps what psql printed. Exits 1 where a difference has no reason, 2 on wrong usage. Needs
 * apt-get (for the suite, kept in `HOLDPOINT_SUITE`, else `~/.cache/holdpoint`), psql and diff.
 */
import { parseArgs } from 'node:util';
import { fetchSuite } from '../test/torture/sql-suite.ts';
import { explained, reasons, tallied } from '../test/torture/suite-reasons.ts';
import { type FileResult, runSuite } from '../test/torture/suite-run.ts';

const usage = 'usage: npm run torture -- suite [--only <file of the suite>]… [--kept <folder>] [--json]';

export async function main(args: readonly string[]): Promise<number> {
  const suite = fetchSuite(18);
  const asked = askedIn(args, new Set(suite.names));
  if (asked === undefined) {
    console.error(usage);
    return 2;
  }
  const { json, ...rest } = asked;
  const results = await runSuite({ ...rest, suite, told: (result) => json || console.log(line(result)) });
  const same = results.filter((one) => one.differences.length === 0 && !one.late);
  const found = tallied(results);
  const unexplained = (found.get('unexplained')?.differences ?? 0) + (found.get('late')?.files ?? 0);
  if (json) {
    const by = Object.fromEntries(found);
    const files = results.map(({ name, oneRole, lines, differences, late }) => ({
      name,
      oneRole,
      lines,
      late,
      differences,
    }));
    console.log(JSON.stringify({ files, same: same.length, reasons: by }));
  } else {
    for (const oneRole of [false, true]) {
      const [all, alike] = [results, same].map((these) => these.filter((one) => one.oneRole === oneRole));
      const what = oneRole ? 'with what changes the role taken out of both' : 'as they are';
      console.log(`torture suite: ${all?.length} files ${what}, ${alike?.length} the same`);
    }
    for (const [reason, { differences, files }] of [...found].toSorted((a, b) => b[1].differences - a[1].differences))
      console.log(`  ${differences} in ${files} files: ${reasons[reason]}`);
    for (const result of results) for (const one of unexplainedIn(result)) console.error(one);
  }
  return unexplained === 0 ? 0 : 1;
}

function line(result: FileResult): string {
  const { lines, late } = result;
  const by = [...tallied([result])].map(([reason, { differences }]) => `${differences} ${reason}`);
  return `${called(result)}: ${lines} lines, ${by.length === 0 ? 'the same' : by.join(', ')}${late ? ' (ended)' : ''}`;
}

function called({ name, oneRole }: FileResult): string {
  return oneRole ? `${name} (one role)` : name;
}

function unexplainedIn(result: FileResult): readonly string[] {
  return explained(result)
    .filter(({ reason }) => reason === 'unexplained')
    .map(({ difference: { at, before, direct, gate } }) =>
      [
        `unexplained: ${called(result)}, line ${at}`,
        ...before.slice(-3).map((one) => `  ${one}`),
        ...direct.slice(0, 10).map((one) => `- ${one}`),
        ...gate.slice(0, 10).map((one) => `+ ${one}`),
      ].join('\n'),
    );
}

interface Asked {
  readonly only?: readonly string[];
  readonly kept?: string;
  readonly json: boolean;
}

function askedIn(args: readonly string[], names: ReadonlySet<string>): Asked | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        kept: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const only = values.only?.flatMap((one) => one.split(','));
    const stranger = only?.find((one) => !names.has(one));
    if (stranger !== undefined) throw new Error(`the suite has no file \`${stranger}\``);
    return {
      json: values.json,
      ...(only === undefined ? {} : { only }),
      ...(values.kept === undefined ? {} : { kept: values.kept }),
    };
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
