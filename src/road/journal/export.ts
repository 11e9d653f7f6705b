import type { Collection, Found, Store } from '../../contract/store.ts';
import { canonicalJson } from '../../model/json.ts';
import { placeKey } from './ledger.ts';

const page = 500;

/**
 * The whole journal as lines of canonical JSON (without line ends), as it stood when the export began:
 * - `{"schema":"holdpoint/journal-export/v1","size":<entries>}`
 * - for each entry, in order: `{"entry":{…},"leaf":"<RFC 6962 leaf hash, hex>"}`
 * - after the last entry that it covers, each checkpoint: `{"checkpoint":"<signed note>"}`
 * What is stored is written as it is: to judge it is the verifier's work. With `upTo` only so many entries.
 */
export async function* exportJournal(store: Store, upTo?: number): AsyncGenerator<string> {
  const last = (await store.find('entries', { order: 'descending', limit: 1 }))[0]?.key;
  const size = Math.min(upTo ?? Number.POSITIVE_INFINITY, last === undefined ? 0 : Number(last) + 1);
  yield canonicalJson({ schema: 'holdpoint/journal-export/v1', size });
  const checkpoints = records(store, 'checkpoints');
  let checkpoint = await checkpoints.next();
  for await (const { key, record } of records(store, 'entries')) {
    if (key >= placeKey(size)) break;
    yield canonicalJson(record);
    while (checkpoint.done !== true && checkpoint.value.key <= placeKey(Number(key) + 1)) {
      yield canonicalJson({ checkpoint: checkpoint.value.record['note'] });
      checkpoint = await checkpoints.next();
    }
  }
}

async function* records(store: Store, collection: Collection): AsyncGenerator<Found, undefined> {
  let after: string | undefined;
  for (;;) {
    const found = await store.find(collection, after === undefined ? { limit: page } : { after, limit: page });
    yield* found;
    after = found.at(-1)?.key;
    if (after === undefined) return undefined;
  }
}
