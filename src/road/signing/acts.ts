import type { Signer } from '../../contract/api.ts';
import { isoTime, type Clock } from '../../contract/clock.ts';
import type { JournalWriter } from '../../contract/journal.ts';
import { StoreConflict, type Store, type Transaction } from '../../contract/store.ts';
import { actDigest, type ActKind, type SignedAct } from '../../model/act.ts';
import { refuse } from '../../model/refusal.ts';
import type { Signers } from './signers.ts';

const lifetime = 15 * 60_000;

export interface Acts {
  /**
   * Runs `work` in one transaction with the check of the signature, the spending of its number and its journal entry.
   * Throws `Refused` when the signature, its age or its number is not good.
   */
  carryOut<T>(act: SignedAct, kind: ActKind, work: (tx: Transaction, signer: Signer) => Promise<T>): Promise<T>;
}

export function openActs(parts: { store: Store; journal: JournalWriter; signers: Signers; clock: Clock }): Acts {
  const { store, journal, signers, clock } = parts;
  return {
    async carryOut(act, kind, work) {
      const { statement, signature } = act;
      if (statement.kind !== kind)
        throw refuse(
          'DENIED',
          `this signature is for \`${statement.kind}\`, not for \`${kind}\``,
          'sign the act itself',
        );
      const age = clock.now() - Date.parse(statement.signedAt);
      if (!(Math.abs(age) <= lifetime))
        throw refuse('DENIED', 'the signature is older than 15 minutes or from the future', 'sign again');
      return store.transact(async (tx) => {
        const digest = actDigest(statement);
        const signer = await signers.check(statement.signer, digest, signature, tx);
        await spend(tx, statement.number, isoTime(clock.now()));
        await journal.append(tx, {
          kind: 'act-signed',
          principal: signer.name,
          digest,
          body: { act: kind, statement: { ...statement }, signature },
        });
        return work(tx, signer);
      });
    },
  };
}

/** Marks a one-use number as used; throws `Refused` when it was used before. */
export async function spend(tx: Transaction, number: string, at: string): Promise<void> {
  if (!/^[\w-]{22}$/.test(number))
    throw refuse('BAD_REQUEST', 'the one-use number is not 128 bits of base64url', 'sign again');
  try {
    await tx.insert('spent', `number:${number}`, { at });
  } catch (cause) {
    if (cause instanceof StoreConflict) throw refuse('DENIED', 'this signature was used before', 'sign again');
    throw cause;
  }
}
