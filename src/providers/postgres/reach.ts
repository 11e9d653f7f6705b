import { ask } from './ask.ts';
import { Gathering, type Table } from './reach-gathering.ts';
import { askRound } from './reach-rounds.ts';
import type { Standing } from './standing.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Sql, Statement } from '../../languages/sql/index.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

export type { Table } from './reach-gathering.ts';

/** What the statements reach, through views, triggers, defaults, functions and whatever those call. */
export interface Reach {
  readonly standing: Standing;
  /** Why it is `unknown`; holds no agent text but names of objects. */
  readonly why: string | undefined;
  /** By the path that the statement has: `schema.name` or `name`. */
  readonly tables: ReadonlyMap<string, Table>;
  readonly role: string;
  /** What code that is reached does besides changing rows, which nobody counts: sentences such as `empties `t``. */
  readonly acts: readonly string[];
  /** Code that is reached may change rows or sequences, or notify. */
  readonly writes: boolean;
  /** It may move a sequence on, which takes no transaction id: what was written can't tell. */
  readonly moves: boolean;
}

/** So many rounds of "and what does that call": deeper is not followed, and counts as unknown. */
const mostRounds = 10;

/**
 * Resolves everything that these statements name, by the server's catalogue, under the session's own search_path and role.
 * `types`: oids that parameters were declared with, whose code runs when their values are bound.
 */
export function* reachOf(
  target: PostgresTarget,
  statements: readonly Statement[],
  sql: Sql,
  types: readonly number[] = [],
): Looking<Reach> {
  const [row] = yield* ask(target, 'session');
  const path = pathFrom(row?.[0]);
  const work = new Gathering(target, sql, path, row?.[1] ?? '');
  for (const statement of statements) work.statement(statement, path);
  for (const type of types) if (type !== 0) work.waiting.typeOid(String(type));
  for (const [oid] of yield* ask(target, 'planted')) work.waiting.functionOid(oid);
  for (let round = 0; work.waiting.open; round++) {
    if (round === mostRounds) work.fail('what it calls goes deeper than is followed');
    if (work.standing === 'unknown') break;
    yield* askRound(work);
  }
  const { standing, why, tables, role, acts, writes, moves } = work;
  return { standing, why, tables, role, acts: [...acts], writes, moves };
}

/** PostgreSQL's own operators and types have to be found first: our own questions rely on it, and so does what we know. */
function pathFrom(text: string | null | undefined): readonly string[] {
  const path = JSON.parse(text ?? '[]') as readonly string[];
  const first = path.find((schema) => !schema.startsWith('pg_temp_'));
  if (first === 'pg_catalog') return path;
  throw refuse(
    'DENIED',
    'search_path has something before pg_catalog, so no name can be trusted',
    'leave pg_catalog out of search_path, or put it first',
  );
}
