import { attemptOf, type Attempted } from './attempt.ts';
import { longestWindowMs } from './limits.ts';
import type { Store } from '../../contract/store.ts';
import type { ActionRequest } from '../../model/action-request.ts';
import type { Entry, EntryKind } from '../../model/entry.ts';

/** What one entry says of its principal's velocity. */
export interface Recalled {
  readonly index: number;
  readonly at: number;
  /** Absent where everybody was thawed. */
  readonly principal?: string;
  readonly attempt?: Attempted;
  readonly rows?: number;
  readonly isForgotten?: boolean;
}

const kinds: readonly EntryKind[] = ['held', 'refused', 'intent', 'thawed'];
const page = 500;
/** Entries of one kind that are read at most: more than any limit needs. */
const entriesAtMost = 100_000;

/** What the journal says of the last day, the oldest first. */
export async function recall(store: Pick<Store, 'find'>, now: number): Promise<readonly Recalled[]> {
  const found: Recalled[] = [];
  for (const kind of kinds) found.push(...(await recallKind(store, kind, now - longestWindowMs)));
  return found.sort((left, right) => left.index - right.index);
}

async function recallKind(store: Pick<Store, 'find'>, kind: EntryKind, since: number): Promise<readonly Recalled[]> {
  const found: Recalled[] = [];
  let after: string | undefined;
  for (let read = 0; read < entriesAtMost; read += page) {
    const entries = await store.find('entries', {
      where: { 'entry.kind': kind },
      order: 'descending',
      limit: page,
      ...(after === undefined ? {} : { after }),
    });
    for (const { record } of entries) {
      const entry = record['entry'] as unknown as Entry;
      if (Date.parse(entry.at) < since) return found;
      const recalled = recalledFrom(entry);
      if (recalled !== undefined) found.push(recalled);
    }
    after = entries.at(-1)?.key;
    if (entries.length < page || after === undefined) break;
  }
  return found;
}

/** Undefined for what says nothing of anybody's velocity. */
function recalledFrom(entry: Entry): Recalled | undefined {
  const { index, kind, body, principal } = entry;
  const at = Date.parse(entry.at);
  if (kind === 'thawed') {
    const agent = body['agent'];
    return { index, at, isForgotten: true, ...(typeof agent === 'string' ? { principal: agent } : {}) };
  }
  if (principal === undefined) return undefined;
  if (kind === 'intent') {
    const rows = body['rows'];
    const isSigned = Array.isArray(body['approvals']);
    return typeof rows === 'number' && !isSigned ? { index, at, principal, rows } : undefined;
  }
  const attempt = kind === 'held' ? heldAttempt(entry) : deniedAttempt(entry);
  return attempt === undefined ? undefined : { index, at, principal, attempt };
}

function heldAttempt({ body }: Entry): Attempted | undefined {
  const request = body['request'] as unknown as ActionRequest | undefined;
  if (body['kind'] === 'question' || request === undefined || request.principal.kind === 'human') return undefined;
  return { ...attemptOf(request), outcome: 'held' };
}

function deniedAttempt({ body }: Entry): Attempted | undefined {
  const { code, attempt, destructive, counted } = body;
  if (code !== 'DENIED' || counted !== true || typeof attempt !== 'string') return undefined;
  return { key: attempt, destructive: destructive === true, reads: false, outcome: 'denied' };
}
