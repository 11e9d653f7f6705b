import { isoTime } from '../../contract/clock.ts';
import type { Store, StoredRecord } from '../../contract/store.ts';
import { actionDigest, type ActionRequest } from '../../model/action-request.ts';
import { endedHoldStates, type Approval, type Hold } from '../../model/hold.ts';
import { refuse } from '../../model/refusal.ts';

/** The holds as they lie in the store: found and listed, never changed. */
export class KeptHolds {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** By whole id or by code; of codes, open holds come first. */
  async find(idOrCode: string): Promise<Hold | undefined> {
    const record = await this.#store.get('holds', idOrCode);
    if (record !== undefined) return asHold(record);
    return openFirst(await this.#newestFirst({ code: idOrCode.toUpperCase().replace(/^HP_/, 'hp_') }));
  }

  /** The same, where there has to be one. Throws `Refused` (`BAD_REQUEST`). */
  async known(idOrCode: string): Promise<Hold> {
    const hold = await this.find(idOrCode);
    if (hold === undefined)
      throw refuse('BAD_REQUEST', `there is no hold \`${idOrCode}\``, 'list them with `holdpoint hold list`');
    return hold;
  }

  /** An open hold for this digest, else the newest that there was. */
  async forDigest(request: ActionRequest): Promise<Hold | undefined> {
    return openFirst(await this.#newestFirst({ digest: actionDigest(request) }));
  }

  /** Newest first; in one state, or in any. */
  list(state: string | undefined): Promise<readonly Hold[]> {
    return this.#newestFirst(state === undefined ? undefined : { state });
  }

  async approvals(hold: Hold): Promise<readonly Approval[]> {
    const found = await this.#store.find('approvals', { where: { hold: hold.id } });
    return found.map(({ record }) => record['approval'] as unknown as Approval);
  }

  /** At `now` (ms): waiting ones past their life, approved ones past their signature, scheduled ones past their window. */
  async overdue(now: number): Promise<readonly Hold[]> {
    const past: Hold[] = [];
    for (const state of openStates) {
      for (const { record } of await this.#store.find('holds', { where: { state } })) {
        const hold = asHold(record);
        const end = state === 'waiting' ? hold.expiresAt : (hold.schedule?.notAfter ?? hold.expiresAt);
        if (!(end >= isoTime(now))) past.push(hold);
      }
    }
    return past;
  }

  async #newestFirst(where: { readonly [index: string]: string } | undefined): Promise<readonly Hold[]> {
    const found = await this.#store.find('holds', { ...(where === undefined ? {} : { where }), order: 'descending' });
    return found.map(({ record }) => asHold(record));
  }
}

/** States in which somebody or something is still waited for. */
export const openStates = ['waiting', 'approved', 'scheduled'] as const;

/** Only holds are put under `holds`, each as the whole of itself. */
export function asHold(record: StoredRecord): Hold {
  return record as unknown as Hold;
}

function openFirst(found: readonly Hold[]): Hold | undefined {
  return found.find((hold) => !endedHoldStates.includes(hold.state)) ?? found[0];
}
