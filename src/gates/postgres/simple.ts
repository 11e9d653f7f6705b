import { act } from './acting.ts';
import type { Talk } from './talk.ts';
import { queryText } from './statements.ts';
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
  if (statements === undefined) return talk.ready();
  if (statements.length === 0) talk.say(frame('I'));
  const whole = statements.length === 1;
  let well = true;
  if (!whole && talk.transaction.owner === 'nobody' && statements.some(changes)) well = await talk.beginOwn();
  for (const statement of statements) {
    if (!well) break;
    well = await one(
      talk,
      statement,
      whole ? text : statement.text,
      whole ? query : frame('Q', cstring(statement.text)),
    );
  }
  await talk.endOwn(well);
  return talk.ready();
}

async function one(talk: Talk, statement: Statement, text: string, query: Frame): Promise<boolean> {
  talk.letTailGo();
  const message = postgresMessage(talk.target, 'statement', text, 'simple');
  const acted = await act(talk.transaction, statement, message, [query]);
  for (const words of acted.warnings ?? []) talk.say(words);
  if (acted.own !== undefined && acted.ran.kind === 'done') talk.say(frame('C', cstring(acted.own)));
  return talk.wentWell(acted.ran);
}

function changes(statement: Statement): boolean {
  return statement.class !== 'read-candidate' && statement.class !== 'setting' && statement.class !== 'frame';
}
