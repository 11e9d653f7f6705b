import { contentKept, type Keeping } from './keeping.ts';
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

export type ImageDraft = Omit<BeforeImage, 'id' | 'securedAt' | 'state' | 'keptUntil' | 'endedBy'>;

/** The one place that keeps before-images. None ends but by a signature, or by the time that one has set beforehand. */
export interface Images {
  /** What is in force about how long and how much. */
  keeping(): Keeping;
  /** Whether there is room for it, where a limit was signed. Acts that ask at the same time may pass it together. */
  hasRoom(content: JsonObject): Promise<boolean>;
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
  purge(tx: Transaction, ids: readonly string[], by?: BeforeImage['endedBy']): Promise<void>;
}

const listed = 'list them with `holdpoint undo list --all`';

export function openImages(parts: { store: Store; sealer: Sealer; clock: Clock; keeping?: () => Keeping }): Images {
  const { store, sealer, clock, keeping = (): Keeping => ({}) } = parts;
  const seal = (id: string, content: JsonObject): string =>
    sealer.seal(Buffer.from(canonicalJson(content)), `image:${id}`);
  const unseal = (id: string, sealed: unknown): JsonObject =>
    JSON.parse(Buffer.from(sealer.unseal(String(sealed), `image:${id}`)).toString('utf8')) as JsonObject;

  const opened = (id: string, sealed: unknown): JsonObject => {
    try {
      return unseal(id, sealed);
    } catch {
      throw refuse(
        'UNAVAILABLE',
        `before-image \`${id}\` does not open: what is kept of it is not what was sealed, so nothing is put back by it`,
        'put the store back from a copy of it, with the vault that belongs to it; the image is left as it is',
      );
    }
  };

  const undoing = new Set<string>();
  /** Never too low: what a transaction that failed has added is found out before anything is refused for it. */
  let kept: number | undefined;

  return {
    keeping,
    async hasRoom(content) {
      const { room } = keeping();
      if (room === undefined) return true;
      const more = Math.ceil((Buffer.byteLength(canonicalJson(content)) * 4) / 3);
      kept ??= await contentKept(store);
      if (kept + more > room) kept = await contentKept(store);
      return kept + more <= room;
    },
    alone(id) {
      if (undoing.has(id)) throw refuse('DENIED', `before-image \`${id}\` is being undone`, 'wait for that to end');
      undoing.add(id);
      return { [Symbol.dispose]: () => undoing.delete(id) };
    },
    async secure(tx, draft, content) {
      const { keepMs } = keeping();
      const image: BeforeImage = {
        ...draft,
        id: newId('im', clock.now()),
        securedAt: isoTime(clock.now()),
        state: 'secured',
        ...(keepMs === undefined ? {} : { keptUntil: isoTime(clock.now() + keepMs) }),
      };
      const sealed = seal(image.id, content);
      await tx.insert('images', image.id, { ...image, content: sealed });
      if (kept !== undefined) kept += sealed.length;
      return image;
    },
    async settle(tx, id, state, fromAnswer) {
      const record = await tx.get('images', id);
      if (record === undefined) throw new Error(`before-image ${id} is gone`);
      if (record['state'] === 'purged') return;
      const content =
        fromAnswer === undefined ? record['content'] : seal(id, { ...unseal(id, record['content']), ...fromAnswer });
      // It may have grown.
      if (fromAnswer !== undefined) kept = undefined;
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
      if (image['state'] === 'purged') throw endedAlready(id, image['endedBy'] === 'time');
      const bytes = typeof content === 'string' ? content.length : 0;
      return { image: image as unknown as BeforeImage, content: opened(id, content), bytes };
    },
    async find(id) {
      const record = await store.get('images', id);
      if (record === undefined) return undefined;
      const { content: _, ...image } = record;
      return image as unknown as BeforeImage;
    },
    async purge(tx, ids, by = 'signature') {
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
        await tx.put('images', id, { ...image, state: 'purged', endedBy: by });
        kept = undefined;
      }
    },
  };
}

function endedAlready(id: string, byTime: boolean): Error {
  return byTime
    ? refuse(
        'BAD_REQUEST',
        `the time of before-image \`${id}\` is over`,
        'when it ended: holdpoint journal --kind undo-ended',
      )
    : refuse(
        'BAD_REQUEST',
        `before-image \`${id}\` was purged`,
        'who signed that: holdpoint journal --kind act-signed',
      );
}
