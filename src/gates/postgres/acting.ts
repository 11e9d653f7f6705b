import { errorFrame, warning } from './says.ts';
import type { Ran, Transaction } from './transaction.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { FrameFact, SettingFact, Statement } from '../../languages/sql/statement.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';

/** What one statement comes to, and what the client is told besides the server's own words. */
export interface Acted {
  readonly ran: Ran;
  /** Command tag of what the gate did itself: the server said nothing to the client. */
  readonly own?: string;
  readonly warnings?: readonly Frame[];
}

const notTaken = (what: string, hint: string): Acted => ({
  ran: { kind: 'refused', words: errorFrame('0A000', `holdpoint: ${what}`, hint) },
});

/** Runs one statement of the client's: the gate's own part of it, or the server's by these frames. */
export async function act(
  transaction: Transaction,
  statement: Statement,
  message: PostgresMessage,
  frames: readonly Frame[],
): Promise<Acted> {
  const { frame, setting } = statement.facts;
  if (statement.class === 'frame' && frame !== undefined)
    return moveFrame(transaction, statement, frame, message, frames);
  if (transaction.failed) {
    const words = errorFrame(
      '25P02',
      'current transaction is aborted, commands ignored until end of transaction block',
    );
    return { ran: { kind: 'refused', words } };
  }
  if (statement.class === 'setting' && setting !== undefined)
    return change(transaction, statement, setting, message, frames);
  return { ran: await transaction.run(message, frames, statement) };
}

async function moveFrame(
  transaction: Transaction,
  statement: Statement,
  { act: move, chain, modes }: FrameFact,
  message: PostgresMessage,
  frames: readonly Frame[],
): Promise<Acted> {
  if (chain) return notTaken('AND CHAIN is not taken', 'end the transaction and begin another');
  const open = transaction.owner === 'client';
  switch (move) {
    case 'begin':
      if (open) return done('BEGIN', warning('25001', 'there is already a transaction in progress'));
      // What ran before it in the same string becomes part of it, as the server would have it.
      if (transaction.owner === 'gate') {
        transaction.owner = 'client';
        return done('BEGIN');
      }
      return owned('BEGIN', await transaction.begin('client', modes));
    case 'commit': {
      if (transaction.owner === 'nobody')
        return done('COMMIT', warning('25P01', 'there is no transaction in progress'));
      const ran = await transaction.commit();
      return owned(ran.kind === 'done' ? ran.tag : '', ran);
    }
    case 'rollback':
      if (transaction.owner === 'nobody')
        return done('ROLLBACK', warning('25P01', 'there is no transaction in progress'));
      await transaction.rollback();
      return done('ROLLBACK');
    case 'savepoint':
    case 'release':
    case 'rollback-to':
      if (open) return { ran: await transaction.run(message, frames, statement) };
      return {
        ran: {
          kind: 'refused',
          words: errorFrame('25P01', `${statement.verb} can only be used in transaction blocks`),
        },
      };
    default:
      return notTaken('two-phase commit is not taken', 'commit in one step');
  }
}

function done(tag: string, ...warnings: readonly Frame[]): Acted {
  return { ran: { kind: 'done', tag }, own: tag, warnings };
}

function owned(tag: string, ran: Ran): Acted {
  return ran.kind === 'done' ? { ran, own: tag } : { ran };
}

/** A setting that others rely on only where it is followed here: the path that names are resolved by. */
async function change(
  transaction: Transaction,
  statement: Statement,
  setting: SettingFact,
  message: PostgresMessage,
  frames: readonly Frame[],
): Promise<Acted> {
  const { name, act: kind, standing, values, scope } = setting;
  if (kind === 'discard') return notTaken(`\`${statement.sentence}\` is not taken`, 'open a new connection');
  const followed = standing === 'plain' || name === 'search_path' || (kind === 'reset' && name === 'all');
  if (!followed || scope === 'standing')
    return notTaken(`setting \`${name}\` is not an agent’s to change`, 'leave it as it is');
  const ran = await transaction.run(message, frames, statement);
  if (ran.kind !== 'done' || scope === 'local') return { ran };
  if (kind === 'set' && values !== undefined) transaction.settings.set(name, values.join(', '));
  else if (name === 'all') transaction.settings.clear();
  else transaction.settings.delete(name);
  return { ran };
}
