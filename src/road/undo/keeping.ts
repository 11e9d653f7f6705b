import { isoTime } from '../../contract/clock.ts';
import type { Store } from '../../contract/store.ts';
import type { JsonObject } from '../../model/json.ts';

/** How long images are kept and how much of them, as a human signed it. Nothing said: for ever, and as many as there are. */
export interface Keeping {
  /** Milliseconds. */
  readonly keepMs?: number;
  /** Characters of sealed content. */
  readonly room?: number;
}

const pageSize = 50;
/** Ended by time in one go. */
const endedAtOnce = 500;

/** Characters of all the content that is kept. */
export async function contentKept(store: Store): Promise<number> {
  let sum = 0;
  for (let after: string | undefined; ;) {
    const page = await store.find('images', { limit: pageSize, ...(after === undefined ? {} : { after }) });
    for (const { record } of page) sum += lengthIn(record);
    after = page.at(-1)?.key;
    if (page.length < pageSize || after === undefined) return sum;
  }
}

function lengthIn({ content }: JsonObject): number {
  return typeof content === 'string' ? content.length : 0;
}

/**
 * Ids of images whose time is over: by what was in force when they were secured, and by what is in force now, whichever is
 * later. An act that has not settled keeps its image. Oldest first.
 */
export async function outlived(store: Store, { keepMs }: Keeping, now: number): Promise<readonly string[]> {
  if (keepMs === undefined) return [];
  const found: string[] = [];
  const since = isoTime(now - keepMs);
  for (let after: string | undefined; ;) {
    const page = await store.find('images', { limit: pageSize, ...(after === undefined ? {} : { after }) });
    for (const { key, record } of page) {
      // Ids are in the order of time.
      if ((record['securedAt'] as string) > since) return found;
      const { state, keptUntil } = record;
      const isOver = typeof keptUntil === 'string' && keptUntil <= isoTime(now);
      if (isOver && state !== 'secured' && state !== 'purged') found.push(key);
      if (found.length === endedAtOnce) return found;
    }
    after = page.at(-1)?.key;
    if (page.length < pageSize || after === undefined) return found;
  }
}
