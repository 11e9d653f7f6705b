import type { Acted } from './acted.ts';
import { act } from './acting.ts';
import type { Talk } from './talk.ts';
import { cstring, frame, type Frame, int16, int32 } from '../../contract/postgres/frames.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import { postgresMessage } from '../../model/postgres-message.ts';

/** Exactly one call, with constants: how pg_dump and its like say SET. */
const form =
  /^\s*select\s+pg_catalog\.set_config\s*\(\s*'([a-z_.]+)'\s*,\s*'([^'\\]*)'\s*,\s*(true|false)\s*\)\s*;?\s*$/i;

/** pg_dump asks in this one so that a server without the setting does not mind. */
const guarded =
  /^\s*select\s+(?:pg_catalog\.)?set_config\(name, '(view, foreign-table)', (false)\) from (?:pg_catalog\.)?pg_settings where name = '(restrict_nonsystem_relation_kind)'\s*;?\s*$/i;

/** `server_version_num` from which on a major version knows it. */
const guardedSince: ReadonlyMap<number, number> = new Map([
  [14, 140_013],
  [15, 150_008],
  [16, 160_004],
]);

const mostCharacters = 500;

const lists: ReadonlySet<string> = new Set(['search_path', 'temp_tablespaces']);

/** `SELECT pg_catalog.set_config(…)` is done as the SET that it is; undefined for everything else. */
export async function setConfig(talk: Talk, { kind }: Statement, text: string): Promise<Acted | undefined> {
  // No longer text is one of these, and patterns are slow on what only begins like them.
  if (kind !== 'SelectStmt' || text.length > mostCharacters) return undefined;
  const guard = guarded.exec(text);
  if (guard !== null && !hasGuard(talk))
    return { ran: { kind: 'done', tag: 'SELECT 0' }, own: 'SELECT 0', rows: rowOf() };
  const [, name, value, local] = guard === null ? (form.exec(text) ?? []) : ['', guard[3], guard[1], guard[2]];
  if (name === undefined || value === undefined) return undefined;
  const plain = name.toLowerCase();
  const parts = lists.has(plain) ? identifiers(value) : [value];
  if (parts === undefined) return undefined;
  const said = parts.map((one) => `'${one}'`).join(', ');
  const setting = `SET ${local?.toLowerCase() === 'true' ? 'LOCAL' : 'SESSION'} ${plain} TO ${said}`;
  const statement = talk.peek(setting)?.[0];
  if (statement?.class !== 'setting') return undefined;
  const message = postgresMessage(talk.target, 'statement', setting, 'simple');
  const acted = await talk.hushed(() => act(talk, statement, message, [talk.queryOf(setting)]));
  if (acted.ran.kind !== 'done') return acted;
  return { ...acted, own: 'SELECT 1', rows: rowOf(value) };
}

/** Of a list without quotes; undefined for any other. */
function identifiers(value: string): readonly string[] | undefined {
  const parts = value.split(',').map((one) => one.trim());
  if (value.trim() === '') return [''];
  return parts.every((one) => /^[a-z_$][a-z0-9_$]*$/.test(one)) ? parts : undefined;
}

function hasGuard({ session }: Talk): boolean {
  const { version } = session.identity;
  return version >= (guardedSince.get(Math.floor(version / 10_000)) ?? 0);
}

function rowOf(value?: string): readonly Frame[] {
  const column = [cstring('set_config'), int32(0), int16(0), int32(25), int16(-1), int32(-1), int16(0)];
  const described = frame('T', int16(1), ...column);
  if (value === undefined) return [described];
  const bytes = Buffer.from(value, 'utf8');
  return [described, frame('D', int16(1), int32(bytes.length), bytes)];
}
