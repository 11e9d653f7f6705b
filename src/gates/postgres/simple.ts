import { sayOwn } from './acted.ts';
import { act } from './acting.ts';
import { executedText, preparedText } from './prepared-sql.ts';
import { errorFrame } from './says.ts';
import { setConfig } from './set-config.ts';
import { bindFrame, describePortalFrame, executeFrame, parseFrame, queryText } from './statements.ts';
import type { Talk } from './talk.ts';
import { cstring, frame, type Frame } from '../../contract/postgres/frames.ts';
import type { Statement } from '../../languages/sql/statement.ts';
import { postgresMessage } from '../../model/postgres-message.ts';

/**
 * A simple Query: its statements one by one, as far as they go well. What stands outside a transaction of the client's is
 * one act, committed at the end of the string or not at all.
 */
export async function simpleQuery(talk: Talk, query: Frame): Promise<void> {
  const text = queryText(query);
  const statements = talk.read(text);
  if (statements?.length === 0) talk.say(frame('I'));
  const whole = statements?.length === 1;
  let well = statements !== undefined;
  if (!whole && talk.transaction.owner === 'nobody' && statements?.some(changes) === true) well = await talk.beginOwn();
  const place = whole ? undefined : Buffer.from(text);
  for (const statement of statements ?? []) {
    if (!well) break;
    const start = place === undefined ? 0 : place.toString('utf8', 0, statement.start).length;
    talk.offset(start);
    const [said, frames] = place === undefined ? [text, query] : [statement.text, frame('Q', cstring(statement.text))];
    well = await one(talk, statement, said, frames, start);
  }
  await talk.endOwn(well);
  return talk.ready();
}

async function one(talk: Talk, statement: Statement, text: string, query: Frame, start: number): Promise<boolean> {
  talk.letTailGo();
  const bySql = talk.transaction.failed ? undefined : await preparedBySql(talk, statement, text, start);
  if (bySql !== undefined) return bySql;
  const config = talk.transaction.failed ? undefined : await setConfig(talk, statement, text);
  const acted =
    config ?? (await act(talk, statement, postgresMessage(talk.target, 'statement', text, 'simple'), [query]));
  sayOwn(talk, acted);
  return talk.wentWell(acted.ran);
}

/** PREPARE and EXECUTE; undefined for everything else. */
async function preparedBySql(
  talk: Talk,
  { kind }: Statement,
  text: string,
  start: number,
): Promise<boolean | undefined> {
  if (kind === 'PrepareStmt') {
    const said = preparedText(text);
    if (said === undefined) return notTaken(talk, 'PREPARE takes types of PostgreSQL’s own');
    talk.offset(start + said.start);
    const well = await talk.hushed(() => talk.names.work([parseFrame(said)]), '1');
    if (well) talk.say(frame('C', cstring('PREPARE')));
    return well;
  }
  if (kind !== 'ExecuteStmt') return undefined;
  const said = executedText(text);
  if (said === undefined) return notTaken(talk, 'EXECUTE takes constants');
  const values = said.values.map((value) => (value === null ? null : Buffer.from(value, 'utf8')));
  const frames = [bindFrame({ statement: said.name, values }), describePortalFrame(''), executeFrame('')];
  return talk.hushed(() => talk.names.work(frames), '2n');
}

function notTaken(talk: Talk, what: string): boolean {
  talk.wentWell({
    kind: 'refused',
    words: errorFrame('0A000', `holdpoint: ${what}`, 'prepare it by the protocol, as drivers do, or send it whole'),
  });
  return false;
}

function changes(statement: Statement): boolean {
  return statement.class !== 'read-candidate' && statement.class !== 'setting' && statement.class !== 'frame';
}
