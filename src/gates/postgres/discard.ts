import type { Acted } from './acted.ts';
import { errorFrame } from './says.ts';
import { resetAll } from './settings.ts';
import type { Talk } from './talk.ts';
import type { SettingFact, Statement } from '../../languages/sql/statement.ts';
import { postgresMessage } from '../../model/postgres-message.ts';

/** What the session leaves behind itself for the next one, as poolers want it: in parts that leave the gate's own alone. */
const parts = ['CLOSE ALL', 'UNLISTEN *', 'DISCARD PLANS', 'DISCARD SEQUENCES', 'DISCARD TEMP'];

const done = (own: string): Acted => ({ ran: { kind: 'done', tag: own }, own });
const failed = (code: string, message: string): Acted => ({
  ran: { kind: 'refused', words: errorFrame(code, message) },
});

/** DEALLOCATE and DISCARD: the server hears them without what would make it forget the gate's own statements. */
export async function discard(talk: Talk, setting: SettingFact, statement: Statement): Promise<Acted> {
  const { name, values } = setting;
  if (statement.kind === 'DeallocateStmt') {
    const [which] = values ?? [];
    if (name === 'all') {
      await talk.names.forget();
      return done('DEALLOCATE ALL');
    }
    if (which !== undefined && (await talk.names.forget(which))) return done('DEALLOCATE');
    return failed('26000', `prepared statement "${which ?? ''}" does not exist`);
  }
  if (name !== 'all') return said(talk, [`DISCARD ${name.toUpperCase()}`], `DISCARD ${name.toUpperCase()}`);
  if (talk.transaction.owner !== 'nobody') return failed('25001', 'DISCARD ALL cannot run inside a transaction block');
  await talk.names.forget();
  const reset = await resetAll(talk, statement);
  return reset.ran.kind === 'done' ? said(talk, parts, 'DISCARD ALL') : reset;
}

async function said(talk: Talk, texts: readonly string[], own: string): Promise<Acted> {
  for (const text of texts) {
    const read = talk.peek(text)?.[0];
    if (read === undefined) return failed('0A000', `holdpoint: \`${own}\` is not taken`);
    const message = postgresMessage(talk.target, 'statement', text, 'simple');
    const ran = await talk.hushed(() => talk.transaction.run(message, [talk.queryOf(text)], read));
    if (ran.kind !== 'done') return { ran };
  }
  return done(own);
}
