import type { Acted } from './acted.ts';
import { errorFrame, warning } from './says.ts';
import type { Talk } from './talk.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { SettingFact, Statement, TransactionModes } from '../../languages/sql/statement.ts';
import { type PostgresMessage, postgresMessage } from '../../model/postgres-message.ts';

/** What is pinned, and the values that say the same: a client that sets one of them gets what it has already. */
const pinned: ReadonlyMap<string, readonly string[]> = new Map([
  ['client_encoding', ['utf8', 'unicode', 'auto']],
  ['standard_conforming_strings', ['on', 'true', '1']],
  ['session_replication_role', ['origin']],
  ['synchronous_commit', ['on', 'true', '1']],
]);

/** Bounds of the gate's own: shorter is the client's to choose, longer is not given, and said. */
const bounds: ReadonlyMap<string, number> = new Map([
  ['statement_timeout', 60_000],
  ['lock_timeout', 10_000],
  ['idle_in_transaction_session_timeout', 60_000],
]);

/** Relied on elsewhere, yet whatever they say, no more is done or seen than the gate judges and measures. */
const followed: ReadonlySet<string> = new Set([
  'search_path',
  'row_security',
  'check_function_bodies',
  'default_tablespace',
  'default_table_access_method',
  'temp_tablespaces',
  'default_transaction_isolation',
  'default_transaction_deferrable',
  'transaction_timeout',
  'idle_session_timeout',
  'restrict_nonsystem_relation_kind',
]);

const notYours = (name: string): Acted => ({
  ran: {
    kind: 'refused',
    words: errorFrame('0A000', `holdpoint: setting \`${name}\` is not an agent’s to change`, 'leave it as it is'),
  },
});

const catalogueFirst = (): Acted => ({
  ran: {
    kind: 'refused',
    words: errorFrame(
      '0A000',
      'holdpoint: with something before pg_catalog in `search_path` no name could be trusted, and nothing would be run',
      'leave pg_catalog out of it, which puts it first, or name it first',
    ),
  },
});

/** SET, RESET, LISTEN and the modes of transactions: what the gate relies on stays as it is, the rest is the server's. */
export async function change(
  talk: Talk,
  statement: Statement,
  setting: SettingFact,
  message: PostgresMessage,
  frames: readonly Frame[],
): Promise<Acted> {
  const { name, act, scope, standing, values } = setting;
  const { transaction } = talk;
  if (scope === 'standing') return notYours(name);
  if (act === 'listen') return { ran: await transaction.run(message, frames, statement) };
  if (name === 'transaction') return moded(talk, setting.modes ?? {});
  if (name === 'session_characteristics') return characteristics(talk, setting.modes ?? {});
  if (name === 'default_transaction_read_only') return readOnlyByDefault(talk, setting);
  if (act === 'reset' && name === 'all') return resetAll(talk, statement);
  const kept = keptAsItIs(setting);
  if (kept !== undefined) return kept;
  if (name === 'search_path' && hidesCatalogue(values ?? [])) return catalogueFirst();
  if (standing !== 'plain' && !followed.has(name) && !bounds.has(name)) return notYours(name);
  const ran = await transaction.run(message, frames, statement);
  if (ran.kind === 'done' && scope !== 'local') remember(talk, name, act === 'set' ? values : undefined);
  return { ran };
}

/** Whether names of PostgreSQL's own could be found elsewhere first: nothing is judged under such a path, so it is not set. */
function hidesCatalogue(values: readonly string[]): boolean {
  const at = values.indexOf('pg_catalog');
  return values.slice(0, Math.max(at, 0)).some((schema) => schema !== 'pg_temp');
}

function remember({ transaction }: Talk, name: string, values: readonly string[] | undefined): void {
  if (values === undefined) transaction.settings.delete(name);
  else transaction.settings.set(name, name === 'search_path' ? values.map(identifier).join(', ') : values.join(', '));
}

function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Said again, or beyond a bound of the gate's: nothing changes, and of the second the client is warned. */
function keptAsItIs({ name, act, values }: SettingFact): Acted | undefined {
  const [value] = values ?? [];
  const back = act === 'reset' || value === undefined;
  const own = act === 'reset' ? 'RESET' : 'SET';
  const same = pinned.get(name);
  if (same !== undefined) {
    const plain = value?.toLowerCase().replaceAll(/[^a-z0-9]/g, '') ?? '';
    return back || same.includes(plain) ? { ran: { kind: 'done', tag: own }, own } : undefined;
  }
  const bound = bounds.get(name);
  if (bound === undefined || back) return undefined;
  const asked = milliseconds(value);
  if (asked !== undefined && asked > 0 && asked <= bound) return undefined;
  const words = warning('01000', `holdpoint keeps \`${name}\` at ${bound / 1000} s or less`);
  return { ran: { kind: 'done', tag: own }, own, warnings: [words] };
}

const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
]);

/** Of a time as PostgreSQL writes it; undefined for what is longer than an hour in any case, or no time. */
export function milliseconds(text: string): number | undefined {
  const [, digits = '', unit = ''] = (text.length > 40 ? null : /^\s*(\d{1,9})\s*(ms|s|min)?\s*$/.exec(text)) ?? [];
  const factor = units.get(unit);
  return digits === '' || factor === undefined ? undefined : Number(digits) * factor;
}

/** SET TRANSACTION. Before anything else was said in the transaction it is the same as having begun it so. */
async function moded(talk: Talk, modes: TransactionModes): Promise<Acted> {
  const { transaction } = talk;
  const own = 'SET';
  if (transaction.owner === 'nobody') {
    const words = warning('25P01', 'SET TRANSACTION can only be used in transaction blocks');
    return { ran: { kind: 'done', tag: own }, own, warnings: [words] };
  }
  if (transaction.owner === 'gate' || transaction.touched) {
    const words = errorFrame('25001', 'SET TRANSACTION must be called before any query', 'say it right behind BEGIN');
    return { ran: { kind: 'refused', words } };
  }
  const before = transaction.modes;
  await transaction.rollback();
  const ran = await transaction.begin('client', { ...before, ...modes });
  return ran.kind === 'done' ? { ran, own } : { ran };
}

/** Kept by the gate, which begins every transaction itself. */
function characteristics({ transaction }: Talk, modes: TransactionModes): Acted {
  transaction.defaults = { ...transaction.defaults, ...modes };
  return { ran: { kind: 'done', tag: 'SET' }, own: 'SET' };
}

function readOnlyByDefault(talk: Talk, { act, values, scope }: SettingFact): Acted {
  const value = values?.[0]?.toLowerCase();
  if (scope === 'local') return notYours('default_transaction_read_only');
  const readOnly = act === 'set' && value !== undefined && ['on', 'true', '1', 'yes'].includes(value);
  characteristics(talk, { readOnly });
  const own = act === 'set' ? 'SET' : 'RESET';
  return { ran: { kind: 'done', tag: own }, own };
}

/** One by one: behind some poolers a RESET ALL would also undo what the gate has pinned. */
export async function resetAll(talk: Talk, statement: Statement): Promise<Acted> {
  const { transaction, target } = talk;
  transaction.defaults = {};
  for (const name of transaction.settings.keys()) {
    const text = `RESET ${identifier(name)}`;
    const reset = talk.peek(text)?.[0] ?? statement;
    const message = postgresMessage(target, 'statement', text, 'simple');
    const ran = await talk.hushed(() => transaction.run(message, [talk.queryOf(text)], reset));
    if (ran.kind !== 'done') return { ran };
    transaction.settings.delete(name);
  }
  return { ran: { kind: 'done', tag: 'RESET' }, own: 'RESET' };
}
