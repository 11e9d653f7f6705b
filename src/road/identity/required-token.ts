import { readKeptToken } from './token-record.ts';
import type { Transaction } from '../../contract/store.ts';
import { refuse } from '../../model/refusal.ts';

/** Looking up and measuring take time: a token that was revoked meanwhile sends nothing more. Throws `BAD_TOKEN`. */
export async function requireToken(tx: Pick<Transaction, 'get'>, id: string): Promise<void> {
  const token = readKeptToken(await tx.get('tokens', id))?.record;
  if (token === undefined || token.revokedAt !== undefined)
    throw refuse(
      'BAD_TOKEN',
      'the token was revoked before anything was sent',
      'stop here; ask the person you work for',
    );
}
