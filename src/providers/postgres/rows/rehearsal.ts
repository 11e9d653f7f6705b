import { createHash } from 'node:crypto';
import { contentFrom, digestOfRow, digestText, type Left, type TableImage, type Way } from './image.ts';
import { leftColumns, leftOf } from './left.ts';
import { type Needed, putBackText } from './needed.ts';
import { ours } from './ours.ts';
import type { NotSecured } from './secured.ts';
import { messageOf } from './statements.ts';
import { questions } from '../questions.ts';
import type { TableCount } from '../table-count.ts';
import { countsIn } from '../counts.ts';
import { type Looking, rehearsalAnswers } from '../../../contract/lookup.ts';
import { type PostgresAnswer, postgresAnswer, postgresLookup } from '../../../model/postgres-message.ts';
import type { PostgresMessage, PostgresTarget } from '../../../model/postgres-message.ts';

/** What the transaction left, and the settings that it acted under. */
export interface Inside {
  readonly settings: { readonly [name: string]: string };
  /** By the oid of the table. */
  readonly left: ReadonlyMap<string, readonly Left[]>;
}

type Shape = Pick<TableImage, 'oid' | 'schema' | 'name' | 'columns' | 'key'>;

/** Said in the open transaction and taken back. */
export function* rehearsing(messages: readonly PostgresMessage[], purpose: string): Looking<readonly PostgresAnswer[]> {
  return rehearsalAnswers(yield { rehearse: messages, purpose }).map((one) => postgresAnswer(one));
}

/** The rows that the transaction wrote and left, under settings by which a value has one text alone. */
export function* lookInside(
  target: PostgresTarget,
  tables: readonly Shape[],
  low: string,
  most: number,
): Looking<Inside | NotSecured> {
  const messages = [
    postgresLookup(target, questions.sessionSettings),
    postgresLookup(target, questions.rehearsalLook),
    ...tables.map((table) => postgresLookup(target, leftText(table, most), low)),
  ];
  const answers = yield* rehearsing(messages, 'rows that were left');
  const amiss = answers.find((one) => one.error !== undefined)?.error;
  if (amiss !== undefined || answers.length !== messages.length)
    return { why: `what was written could not be read back (SQLSTATE ${amiss?.code ?? 'none'})` };
  const set = answers[0]?.rows ?? [];
  if (set.some(([name]) => name === 'user')) return { why: 'the session acts as another user than it signed in as' };
  const left = new Map(tables.map((table, at) => [table.oid, (answers[at + 2]?.rows ?? []).map(leftOf)]));
  return { settings: Object.fromEntries(set.map(([name, value]) => [name ?? '', value ?? ''])), left };
}

function leftText(table: Shape, most: number): string {
  return `SELECT ${leftColumns(table)} FROM ${contentFrom(table, ours('t'))} LIMIT ${most + 1}`;
}

/**
 * Puts back what was just captured, within the transaction itself, compares every row that is its own by then with the image,
 * and has it all taken back. The first way that brings back exactly what was there is the one; why there is none otherwise.
 */
export function* rehearsed(target: PostgresTarget, needed: readonly Needed[], low: string): Looking<Way | NotSecured> {
  let first: string | undefined;
  for (const way of ['in-place', 'anew'] as const) {
    const amiss = yield* tried(target, needed, low, way);
    if (amiss === undefined) return way;
    first ??= amiss;
  }
  return { why: `it was put back for a trial, and taken back again: ${first ?? ''}` };
}

function* tried(target: PostgresTarget, needed: readonly Needed[], low: string, way: Way): Looking<string | undefined> {
  const said = putBackText(needed, way).map((one) => messageOf(target, one));
  const counts = postgresLookup(target, questions.counts);
  // The counters go on counting what an earlier trial did.
  const before = [counts, postgresLookup(target, questions.rehearsalValues), ...said];
  const messages = [
    ...before,
    postgresLookup(target, questions.constraints),
    counts,
    postgresLookup(target, questions.rehearsalLook),
    ...needed.map((one) => postgresLookup(target, contentOfOurs(one), low)),
  ];
  const answers = yield* rehearsing(messages, 'the way back');
  const { error } = answers.at(-1) ?? {};
  if (error !== undefined) return `the server refused it (SQLSTATE ${error.code})`;
  if (answers.length !== messages.length) return 'the server did not answer';
  const then = countsIn(answers[0]?.rows ?? []);
  const now = countsIn(answers[before.length + 1]?.rows ?? []);
  const other = now.find((one) => isOtherwise(one, then, needed));
  if (other !== undefined) return `something changes \`${other.table}\` besides`;
  const behind = answers.slice(-needed.length);
  const wrong = needed.find((one, at) => {
    const [row] = behind[at]?.rows ?? [];
    return row?.[0] !== String(one.table.rows.length) || row[1] !== digestOfAll(one);
  });
  return wrong && `rows of \`${wrong.table.schema}.${wrong.table.name}\` do not become what they were`;
}

/** So many rows more or fewer as there have to be, and none of any other table. */
function isOtherwise(now: TableCount, counts: readonly TableCount[], needed: readonly Needed[]): boolean {
  const before = counts.find((one) => one.oid === now.oid);
  const table = needed.find((one) => one.table.oid === now.oid)?.table;
  const came = now.inserted - (before?.inserted ?? 0);
  const went = now.deleted - (before?.deleted ?? 0);
  if (table !== undefined) return came - went !== table.rows.length - table.left.length;
  return came + went + now.updated - (before?.updated ?? 0) !== 0;
}

/** How many rows of the table the transaction wrote, and one hash over their contents in whatever order. */
function contentOfOurs({ table, generated }: Needed): string {
  const whole = { ...table, columns: [...table.columns, ...(generated?.columns ?? [])] };
  return `SELECT pg_catalog.count(*)::pg_catalog.text,
      pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(COALESCE(pg_catalog.string_agg(d.digest, '' ORDER BY d.digest COLLATE pg_catalog."C"), ''), 'UTF8')), 'hex')
    FROM (SELECT ${digestText('q', whole.columns)} AS digest FROM ${contentFrom(whole, ours('t'))}) d`;
}

function digestOfAll({ table: { rows }, generated }: Needed): string {
  const whole = rows.map((row, at) => digestOfRow([...row, ...(generated?.rows[at] ?? [])]));
  return createHash('sha256').update(whole.toSorted().join('')).digest('hex');
}
