import { errorFrame, warning } from './says.ts';
import type { Acted } from './acted.ts';
import { discard } from './discard.ts';
import { change } from './settings.ts';
import type { Talk } from './talk.ts';
import type { Ran } from './transaction.ts';
import type { Frame } from '../../contract/postgres/frames.ts';
import type { FrameFact, Statement, TransactionModes } from '../../languages/sql/statement.ts';
import type { PostgresMessage } from '../../model/postgres-message.ts';

const savepointWords = {
  savepoint: 'SAVEPOINT',
  release: 'RELEASE SAVEPOINT',
  'rollback-to': 'ROLLBACK TO SAVEPOINT',
} as const;

const notTaken = (what: string, hint: string): Acted => ({
  ran: { kind: 'refused', words: errorFrame('0A000', `holdpoint: ${what}`, hint) },
});

/** Runs one statement of the client's: the gate's own part of it, or the server's by these frames. */
export async function act(
  talk: Talk,
  statement: Statement,
  message: PostgresMessage,
  frames: readonly Frame[],
): Promise<Acted> {
  const { transaction } = talk;
  const { frame, setting } = statement.facts;
  if (statement.class === 'frame' && frame !== undefined) return moveFrame(talk, statement, frame, message, frames);
  if (transaction.failed) return aborted();
  if (setting?.act === 'discard') return discard(talk, setting, statement);
  if (statement.class === 'setting' && setting !== undefined) return change(talk, statement, setting, message, frames);
  if (transaction.owner === 'nobody' && transaction.defaults.readOnly === true && writes(statement)) {
    const words = errorFrame('25006', `cannot execute ${statement.verb.slice(9)} in a read-only transaction`);
    return { ran: { kind: 'refused', words } };
  }
  return { ran: await transaction.run(message, frames, statement) };
}

function aborted(): Acted {
  const words = errorFrame('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
  return { ran: { kind: 'refused', words } };
}

function writes({ class: form, facts }: Statement): boolean {
  return form !== 'read-candidate' || facts.rowLock !== undefined;
}

async function moveFrame(
  talk: Talk,
  statement: Statement,
  { act: move, chain, modes }: FrameFact,
  message: PostgresMessage,
  frames: readonly Frame[],
): Promise<Acted> {
  const { transaction } = talk;
  const open = transaction.owner === 'client';
  if (chain && !open) {
    const words = errorFrame('25P01', `${move.toUpperCase()} AND CHAIN can only be used in transaction blocks`);
    return { ran: { kind: 'refused', words } };
  }
  switch (move) {
    case 'begin':
      if (transaction.failed) return aborted();
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
      const { modes: before } = transaction;
      const ran = await transaction.commit();
      if (ran.kind !== 'done') return { ran };
      return chain ? begunAgain(talk, ran.tag, before) : owned(ran.tag, ran);
    }
    case 'rollback':
      if (transaction.owner === 'nobody')
        return done('ROLLBACK', warning('25P01', 'there is no transaction in progress'));
      return rolledBack(talk, chain);
    case 'savepoint':
    case 'release':
    case 'rollback-to':
      if (open) {
        const ran = await transaction.run(message, frames, statement);
        // Whether the transaction is a failed one, the server says with its ReadyForQuery alone.
        if (move === 'rollback-to') await talk.session.sync();
        return { ran };
      }
      return {
        ran: {
          kind: 'refused',
          words: errorFrame('25P01', `${savepointWords[move]} can only be used in transaction blocks`),
        },
      };
    default:
      return notTaken('two-phase commit is not taken', 'commit in one step');
  }
}

async function rolledBack(talk: Talk, chain: boolean): Promise<Acted> {
  const { modes } = talk.transaction;
  await talk.transaction.rollback();
  return chain ? begunAgain(talk, 'ROLLBACK', modes) : done('ROLLBACK');
}

/** AND CHAIN. That the transaction before has ended is said whatever becomes of the next. */
async function begunAgain({ transaction }: Talk, tag: string, modes: TransactionModes): Promise<Acted> {
  const ran = await transaction.begin('client', modes);
  if (ran.kind === 'done') return owned(tag, ran);
  const words = errorFrame('25000', `holdpoint: ${tag} is done, and no other transaction could be begun`);
  return { ran: { kind: 'refused', words } };
}

function done(tag: string, ...warnings: readonly Frame[]): Acted {
  return { ran: { kind: 'done', tag }, own: tag, warnings };
}

function owned(tag: string, ran: Ran): Acted {
  return ran.kind === 'done' ? { ran, own: tag } : { ran };
}
