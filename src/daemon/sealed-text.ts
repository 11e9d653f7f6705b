import { textIn, type Store } from '../contract/store.ts';
import type { Sealer } from '../road/undo/images.ts';

/** A sealed text kept in the Store under a name, made on first use. */
export async function sealedText(
  store: Store,
  sealer: Sealer,
  name: string,
  make: () => Promise<string> | string,
): Promise<string> {
  const stored = await store.get('settings', name);
  if (stored !== undefined) return Buffer.from(sealer.unseal(textIn(stored, 'sealed'), name)).toString('utf8');
  const text = await make();
  await store.transact((tx) => tx.put('settings', name, { sealed: sealer.seal(Buffer.from(text), name) }));
  return text;
}
