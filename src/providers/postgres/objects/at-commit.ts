import { type Emptied, emptiedBy, empties, takesElse } from './emptied-capture.ts';
import type { Remembering } from '../remembering.ts';
import { transactionOf } from '../resolution.ts';
import type { NotSecured } from '../rows/secured.ts';
import type { Step } from '../step.ts';
import type { TableCount } from '../table-count.ts';
import type { Looking } from '../../../contract/lookup.ts';
import type { TableShare } from '../../../contract/provider.ts';
import type { Fact } from '../../../model/hold.ts';
import type { PostgresTarget } from '../../../model/postgres-message.ts';

/** What became of tables that a transaction says it empties. */
export interface Emptying {
  /** Undefined where nothing is emptied by name, or it was not copied. */
  readonly emptied: Emptied | undefined;
  readonly notSecured: NotSecured | undefined;
  /** Whether something else is taken for the transaction alone. */
  readonly taken: boolean;
}

/** `taken`: the transaction has taken something for itself alone, whatever it is. */
export function* emptyingBy(
  target: PostgresTarget,
  steps: readonly Step[],
  { transactions, undoLine }: Remembering,
  taken: boolean,
): Looking<Emptying> {
  const nothing: Emptying = { emptied: undefined, notSecured: undefined, taken };
  if (!empties(steps) || undoLine !== true) return nothing;
  const known = transactions.emptying.take(yield* transactionOf(target));
  const found = yield* emptiedBy(target, steps, known);
  if ('why' in found) return { ...nothing, notSecured: found };
  return {
    ...nothing,
    emptied: found,
    taken: taken && (known === undefined || (yield* takesElse(target, known, found))),
  };
}

/** What a person who is asked should know of it. */
export function emptyingFacts({ tables, restarted }: Emptied): readonly Fact[] {
  return [
    ...tables.map(({ standing, rows }): Fact => ({
      label: `${standing.schema}.${standing.name}`,
      value: `emptied: all ${rows.length} rows`,
      tone: 'danger',
      source: 'measured',
    })),
    ...restarted.map(({ schema, name, last }): Fact => ({
      label: `${schema}.${name}`,
      value: `begins anew, and was at ${last ?? 'its beginning'}`,
      tone: 'warning',
      source: 'measured',
    })),
  ];
}

/** How much of each table is changed: all of one that is emptied. */
export function sharesOf(counts: readonly TableCount[], emptied: Emptied | undefined): readonly TableShare[] {
  const whole = new Map((emptied?.tables ?? []).map((one) => [one.standing.oid, one]));
  const counted = counts.map((one) => {
    const gone = whole.get(one.oid)?.rows.length ?? 0;
    return {
      table: one.table,
      rows: one.inserted + one.updated + one.deleted + gone,
      of: Math.max(gone > 0 ? gone : one.estimate, 0),
    };
  });
  const rest = [...whole.values()].filter(({ standing }) => !counts.some(({ oid }) => oid === standing.oid));
  return [
    ...counted,
    ...rest.map(({ standing, rows }) => ({
      table: `${standing.schema}.${standing.name}`,
      rows: rows.length,
      of: rows.length,
    })),
  ];
}
