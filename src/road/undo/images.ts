import type { BeforeImage } from '../../contract/api.ts';
import { isoTime, type Clock } from '../../contract/clock.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import { newId } from '../../model/identifier.ts';
import { canonicalJson, type JsonObject } from '../../model/json.ts';
import { refuse } from '../../model/refusal.ts';

/** Encrypts what rests in the Store. The key is the vault's; `about` is bound to the text and has to be given again. */
export interface Sealer {
  seal(plaintext: Uint8Array, about: string): string;
  unseal(sealed: string, about: string): Uint8Array;
}

export type ImageDraft = Omit<BeforeImage, 'id' | 'securedAt' | 'state'>;

/** The one place that keeps before-images. None ends but by a signature. */
export interface Images {
  /** Durable with the caller's transaction, which is the one that records the intent. */
  secure(tx: Transaction, draft: ImageDraft, content: JsonObject): Promise<BeforeImage>;
  /** After the act: adds what the inverse needs of the answer, or voids the image when nothing happened. */
  settle(tx: Transaction, id: string, state: BeforeImage['state'], fromAnswer?: JsonObject): Promise<void>;
  /** Nobody else undoes it until this is disposed of; throws `Refused` (`DENIED`) while somebody does. */
  alone(id: string): Disposable;
  list(): Promise<readonly BeforeImage[]>;
  /** Without its content; undefined when there is none. */
  find(id: string): Promise<BeforeImage | undefined>;
  /** The image and its content, `bytes` long; throws `Refused` when there is none or it does not open. */
  open(id: string): Promise<{ readonly image: BeforeImage; readonly content: JsonObject; readonly bytes: number }>;
  /**
   * Ends undos in the transaction that takes the signature for it: what was secured is gone, that it was stays written.
   * Throws `Refused` for one that does not exist, is purged already, or whose act has not settled.
   */
  purge(tx: Transaction, ids: readonly string[]): Promise<void>;
}

const listed = 'list them with `holdpoint undo list --all`';

export function openImages(parts: { store: Store; sealer: Sealer; clock: Clock }): Images {
  const { store, sealer, clock } = parts;
  const seal = (id: string, content: JsonObject): string =>
    sealer.seal(Buffer.from(canonicalJson(content)), `image:${id}`);
  const unseal = (id: string, sealed: unknown): JsonObject =>
    JSON.parse(Buffer.from(sealer.unseal(String(sealed), `image:${id}`)).toString('utf8')) as JsonObject;

  const undoing = new Set<string>();

  return {
    alone(id) {
      if (undoing.has(id)) throw refuse('DENIED', `before-image \`${id}\` is being undone`, 'wait for that to end');
      undoing.add(id);
      return { [Symbol.dispose]: () => undoing.delete(id) };
    },
    async secure(tx, draft, content) {
      const image: BeforeImage = {
        ...draft,
        id: newId('im', clock.now()),
        securedAt: isoTime(clock.now()),
        state: 'secured',
      };
      await tx.insert('images', image.id, { ...image, content: seal(image.id, content) });
      return image;
    },
    async settle(tx, id, state, fromAnswer) {
      const record = await tx.get('images', id);
      if (record === undefined) throw new Error(`before-image ${id} is gone`);
      if (record['state'] === 'purged') return;
      const content =
        fromAnswer === undefined ? record['content'] : seal(id, { ...unseal(id, record['content']), ...fromAnswer });
      await tx.put('images', id, { ...record, state, content });
    },
    async list() {
      const found = await store.find('images', { order: 'descending' });
      return found.map(({ record: { content: _, ...image } }) => image as unknown as BeforeImage);
    },
    async open(id) {
      const record = await store.get('images', id);
      if (record === undefined)
        throw refuse('BAD_REQUEST', `there is no before-image \`${id}\``, 'list them with `holdpoint undo list`');
      const { content, ...image } = record;
      if (image['state'] === 'purged')
        throw refuse(
          'BAD_REQUEST',
          `before-image \`${id}\` was purged`,
          'who signed that: holdpoint journal --kind act-signed',
        );
      const bytes = typeof content === 'string' ? content.length : 0;
      return { image: image as unknown as BeforeImage, content: unseal(id, content), bytes };
    },
    async find(id) {
      const record = await store.get('images', id);
      if (record === undefined) return undefined;
      const { content: _, ...image } = record;
      return image as unknown as BeforeImage;
    },
    async purge(tx, ids) {
      for (const id of ids) {
        const record = await tx.get('images', id);
        if (record === undefined) throw refuse('BAD_REQUEST', `there is no before-image \`${id}\``, listed);
        if (record['state'] === 'purged')
          throw refuse('BAD_REQUEST', `before-image \`${id}\` was purged before`, listed);
        if (record['state'] === 'secured')
          throw refuse(
            'DENIED',
            `whether the act of \`${id}\` took effect is not known yet, so its undo stays`,
            'try again when it has settled: holdpoint undo list',
          );
        const { content: _, ...image } = record;
        await tx.put('images', id, { ...image, state: 'purged' });
      }
    },
  };
}
