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

/** The one place that keeps before-images. Nothing here ends one without a signature. */
export interface Images {
  /** Durable with the caller's transaction, which is the one that records the intent. */
  secure(tx: Transaction, draft: ImageDraft, content: JsonObject): Promise<BeforeImage>;
  /** After the act: adds what the inverse needs of the answer, or voids the image when nothing happened. */
  settle(tx: Transaction, id: string, state: BeforeImage['state'], fromAnswer?: JsonObject): Promise<void>;
  list(): Promise<readonly BeforeImage[]>;
  /** The image and its content; throws `Refused` when there is none or it does not open. */
  open(id: string): Promise<{ readonly image: BeforeImage; readonly content: JsonObject }>;
}

export function openImages(parts: { store: Store; sealer: Sealer; clock: Clock }): Images {
  const { store, sealer, clock } = parts;
  const seal = (id: string, content: JsonObject): string =>
    sealer.seal(Buffer.from(canonicalJson(content)), `image:${id}`);
  const unseal = (id: string, sealed: unknown): JsonObject =>
    JSON.parse(Buffer.from(sealer.unseal(String(sealed), `image:${id}`)).toString('utf8')) as JsonObject;

  return {
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
      return { image: image as unknown as BeforeImage, content: unseal(id, content) };
    },
  };
}
