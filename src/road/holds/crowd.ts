import type { HoldSettings } from './parts.ts';
import type { StoredRecord, Transaction } from '../../contract/store.ts';
import type { ActionRequest } from '../../model/action-request.ts';
import { refuse } from '../../model/refusal.ts';

/**
 * What one principal may have waiting at once: nobody reads more, and every waiting hold is read by clocks and lists, so
 * that a crowd of large ones would keep a human's freeze from being heard. Throws `Refused` (`DENIED`).
 */
export async function refuseCrowd(
  tx: Transaction,
  { principal }: ActionRequest,
  settings: HoldSettings,
): Promise<void> {
  // By state alone: with the principal's index SQLite would read through everything that was ever held for them.
  const all = await tx.find('holds', { where: { state: 'waiting' } });
  const waiting = all.filter(({ record }) => ownerOf(record) === principal.id);
  const characters = waiting.reduce((sum, { record }) => sum + JSON.stringify(record).length, 0);
  if (waiting.length < settings.waitingAtMost && characters < settings.waitingCharacters) return;
  throw refuse(
    'DENIED',
    `${waiting.length} requests of ${principal.name} wait for a human already`,
    'stop here; wait for the answers, or withdraw what is not wanted any more',
  );
}

/** Undefined for a damaged record, which must not keep everybody else from asking. */
function ownerOf(record: StoredRecord): string | undefined {
  return (record as { readonly request?: Partial<ActionRequest> }).request?.principal?.id;
}
