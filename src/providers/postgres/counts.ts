import { ask, type Row } from './ask.ts';
import type { TableCount } from './table-count.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

/** What the open transaction counts, by table. */
export function* countsOf(target: PostgresTarget): Looking<readonly TableCount[]> {
  return countsIn(yield* ask(target, 'counts'));
}

/** Rows of the question `counts`. Throws `Refused` (`DENIED`) where one says nothing. */
export function countsIn(rows: readonly Row[]): readonly TableCount[] {
  return rows.map(([schema, name, oid, inserted, updated, deleted, estimate]) => ({
    oid: oid ?? '',
    table: `${schema}.${name}`,
    inserted: counted(inserted),
    updated: counted(updated),
    deleted: counted(deleted),
    estimate: Number(estimate ?? -1),
  }));
}

/** A counter that says nothing is not one that says none. */
function counted(text: string | null | undefined): number {
  if (text !== null && text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  throw refuse('DENIED', 'the server did not say how many rows were changed');
}
