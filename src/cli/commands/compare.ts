import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { needed } from './backup-store.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { wholeAddress } from '../signing/database-address.ts';
import { printTable } from '../terminal/table.ts';
import type { ComparedTable, Comparison, TableDiff } from '../../daemon/backup/comparison.ts';

/** A restored server beside the live one: every table, or one of them row by row. Exit 1 where they differ. */
export const compare: Run = async (invocation) => {
  await using opened = await open(invocation);
  const table = invocation.text('table');
  return await (table === undefined ? tables(invocation, opened) : rows(invocation, opened, tableIn(table)));
};

async function open(invocation: Invocation): Promise<Comparison> {
  const folder = resolve(invocation.needed(0));
  const live = await wholeAddress(invocation, needed(invocation, 'with'));
  const ca = invocation.text('ca');
  const offline = await import('../../daemon/backup/comparison.ts');
  const asked = {
    live,
    socket: join(folder, 'run', '.s.PGSQL.5432'),
    user: invocation.text('as-user') ?? 'postgres',
    ...(ca === undefined ? {} : { ca: readFileSync(ca, 'utf8') }),
  };
  return offline.openComparison(asked).catch((cause: unknown) => {
    if (cause instanceof offline.NotConnected)
      throw new Complaint(cause.message, 'look whether address, password and sslmode are right', { cause });
    throw new Complaint(
      `no restored server answers in \`${folder}\``,
      'it runs for as long as `holdpoint restore … --as <folder>` does: leave that open, and as its user or root',
      { cause },
    );
  });
}

async function tables({ out }: Invocation, opened: Comparison): Promise<ExitCode> {
  const found: ComparedTable[] = [];
  for await (const one of opened.tables()) found.push(one);
  out.show({ database: opened.database, tables: found }, () =>
    printTable(
      out,
      ['table', 'live rows', 'restored rows', ''],
      found.map((one) => [
        ['strong', `${one.schema}.${one.name}`],
        one.live === undefined ? 'not there' : String(one.live),
        one.restored === undefined ? 'not there' : String(one.restored),
        one.same ? ['faint', 'the same'] : ['warning', 'differs'],
      ]),
    ),
  );
  return found.every((one) => one.same) ? exitCode.done : exitCode.failed;
}

async function rows(
  invocation: Invocation,
  opened: Comparison,
  table: { readonly schema: string; readonly name: string },
): Promise<ExitCode> {
  const { out } = invocation;
  const most = Number(invocation.text('rows') ?? '20');
  if (!Number.isSafeInteger(most) || most < 0 || most > 1_000_000)
    throw misused('--rows is no number up to 1000000', 'write --rows 100');
  const diff = await opened.rows(table, most).catch((cause: unknown) => {
    throw new Complaint(cause instanceof Error ? cause.message : String(cause), 'look at the tables without --table', {
      cause,
    });
  });
  const file = invocation.text('sql');
  if (file !== undefined) writeFileSync(file, await opened.takeBack(table, diff), { flag: 'wx', mode: 0o600 });
  out.show({ table, ...diff, ...(file === undefined ? {} : { sql: file }) }, () => printDiff(invocation, diff, file));
  return diff.gone + diff.added + diff.changed === 0 ? exitCode.done : exitCode.failed;
}

function printDiff({ out }: Invocation, diff: TableDiff, file: string | undefined): void {
  out.line(`${diff.gone} gone since, ${diff.changed} changed since, ${diff.added} new since`);
  const writable = diff.gone + diff.changed;
  if (file === undefined)
    for (const { what, live, restored } of diff.rows) {
      out.line([what === 'new' ? 'plain' : 'warning', `  ${what}`], ` ${restored ?? live ?? ''}`);
      if (what === 'changed') out.line(`      now ${live ?? ''}`);
    }
  else {
    const written = diff.rows.filter((one) => one.what !== 'new').length;
    out.line(['good', `${written} of ${writable} rows are in ${file}`], ': read it, then send it as you send anything');
    if (written < writable) out.line(['warning', '  not all of them: give a larger --rows, and another file']);
    out.line(`  for example through the gate, where it can be undone: psql <its address> -f ${file}`);
  }
}

function tableIn(text: string): { readonly schema: string; readonly name: string } {
  const dot = text.indexOf('.');
  return dot < 1 ? { schema: 'public', name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) };
}
