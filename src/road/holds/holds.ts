import { refuseCrowd } from './crowd.ts';
import { openLife, type Life } from './life.ts';
import type { HoldParts, HoldSettings } from './parts.ts';
import { acceptApproval, acceptDenial, type PlainDenial } from './verdict.ts';
import { isoTime } from '../../contract/clock.ts';
import type { Transaction } from '../../contract/store.ts';
import { actionDigest, type ActionRequest } from '../../model/action-request.ts';
import type { Friction } from '../../model/decision.ts';
import { endedHoldStates, type Approval, type ApprovalMode, type Fact, type Hold } from '../../model/hold.ts';
import { newId, randomCharacters } from '../../model/identifier.ts';
import type { JsonObject } from '../../model/json.ts';
import { refuse, type Refused } from '../../model/refusal.ts';

/** What a hold shows beside the request itself. */
export interface Shown {
  /** Nothing runs from a question; whoever asks it raises its alarm. */
  readonly kind?: 'question';
  readonly friction: Friction;
  readonly reasons: readonly string[];
  readonly rules: readonly string[];
  readonly facts: readonly Fact[];
  readonly varyingFact: string;
  readonly defaultMode: ApprovalMode;
  readonly undo: string;
  readonly agentSays?: string;
  readonly tokenPurpose: string;
  /** The facts that policy went by, for the journal: replaying needs them. */
  readonly judged?: JudgedFacts;
}

/** What policy is told beside the request itself. */
export interface JudgedFacts {
  readonly undoSecured: boolean;
  readonly withinBounds: boolean;
  readonly rows: number;
}

/** The waiting actions and what humans say of them. Silence is no. */
export interface Holds {
  readonly life: Life;
  readonly settings: HoldSettings;
  /** The open hold for this digest and principal, or a new one; equal asks merge. Raises the alarm for a new one. */
  ask(request: ActionRequest, shown: Shown): Promise<Hold>;
  /** The hold for this digest, whatever its state, newest first. */
  forDigest(request: ActionRequest): Promise<Hold | undefined>;
  /** By whole id or by code; of codes, open holds come first. */
  find(idOrCode: string): Promise<Hold | undefined>;
  list(state?: string): Promise<readonly Hold[]>;
  approvals(hold: Hold): Promise<readonly Approval[]>;
  approve(hold: string, approval: Approval): Promise<Hold>;
  deny(hold: string, denial: Approval | PlainDenial): Promise<Hold>;
  /** Any human may at once: narrows only. */
  cancel(hold: string, by: string): Promise<Hold>;
  withdraw(hold: string, by: string): Promise<Hold>;
  /** When a token is revoked. */
  withdrawAllOf(tx: Transaction, token: string): Promise<void>;
  /** Ends what is past its time. Returns how many. */
  sweep(): Promise<number>;
}

export function openHolds(parts: HoldParts): Holds {
  const { store, journal, clock, settings } = parts;
  const life = openLife({ journal, clock });
  const asHold = (found: { record: JsonObject }): Hold => found.record as unknown as Hold;

  const find: Holds['find'] = async (idOrCode) => {
    const record = await store.get('holds', idOrCode);
    if (record !== undefined) return record as unknown as Hold;
    const found = (
      await store.find('holds', { where: { code: idOrCode.toUpperCase().replace(/^HP_/, 'hp_') }, order: 'descending' })
    ).map(asHold);
    return found.find((hold) => !endedHoldStates.includes(hold.state)) ?? found[0];
  };
  const known = async (idOrCode: string): Promise<Hold> => {
    const hold = await find(idOrCode);
    if (hold === undefined)
      throw refuse('BAD_REQUEST', `there is no hold \`${idOrCode}\``, 'list them with `holdpoint hold list`');
    return hold;
  };

  return {
    life,
    settings,
    find,
    async ask(request, shown) {
      const { hold, isNew } = await store.transact((tx) => openOrMerge(parts, tx, request, shown));
      if (isNew && hold.kind !== 'question')
        parts.raise({ kind: 'held', text: `${hold.code} waits for a signature`, hold });
      return hold;
    },
    async forDigest(request) {
      const digest = actionDigest(request);
      const found = (await store.find('holds', { where: { digest }, order: 'descending' })).map(asHold);
      return found.find((hold) => !endedHoldStates.includes(hold.state)) ?? found[0];
    },
    async list(state) {
      const query =
        state === undefined ? { order: 'descending' as const } : { where: { state }, order: 'descending' as const };
      return (await store.find('holds', query)).map(asHold);
    },
    async approvals(hold) {
      return (await store.find('approvals', { where: { hold: hold.id } })).map(
        (found) => found.record['approval'] as unknown as Approval,
      );
    },
    async approve(idOrCode, approval) {
      const { id } = await known(idOrCode);
      return store.transact((tx) => acceptApproval({ ...parts, life }, tx, id, approval));
    },
    async deny(idOrCode, denial) {
      const { id } = await known(idOrCode);
      const { hold, locked } = await store.transact((tx) => acceptDenial({ ...parts, life }, tx, id, denial));
      locked();
      return hold;
    },
    async cancel(idOrCode, by) {
      const { id } = await known(idOrCode);
      return store.transact((tx) => life.step(tx, id, 'cancelled', { by }));
    },
    async withdraw(idOrCode, by) {
      const { id } = await known(idOrCode);
      return store.transact((tx) => life.step(tx, id, 'withdrawn', { by }));
    },
    async withdrawAllOf(tx, token) {
      for (const state of ['waiting', 'approved', 'scheduled']) {
        for (const found of await tx.find('holds', { where: { state } })) {
          if (asHold(found).request.token === token)
            await life.step(tx, found.key, 'withdrawn', { by: 'token revoked' });
        }
      }
    },
    async sweep() {
      const now = isoTime(clock.now());
      const failures: unknown[] = [];
      let ended = 0;
      // One by one: a record that cannot be ended must not keep the others open.
      for (const { id } of await overdue(store, now)) {
        try {
          await store.transact((tx) => life.step(tx, id, 'expired', { reason: 'silence is no' }));
          ended += 1;
        } catch (cause) {
          failures.push(cause);
        }
      }
      if (failures.length > 0)
        throw new AggregateError(failures, 'not every hold that is past its time could be ended');
      return ended;
    },
  };
}

/** Waiting ones past their life, approved ones past their signature, scheduled ones past their window. */
async function overdue(store: Pick<Transaction, 'find'>, now: string): Promise<readonly Hold[]> {
  const past: Hold[] = [];
  for (const state of ['waiting', 'approved', 'scheduled']) {
    for (const found of await store.find('holds', { where: { state } })) {
      const hold = found.record as unknown as Hold;
      const end = state === 'waiting' ? hold.expiresAt : (hold.schedule?.notAfter ?? hold.expiresAt);
      if (!(end >= now)) past.push(hold);
    }
  }
  return past;
}

async function openOrMerge(
  parts: HoldParts,
  tx: Transaction,
  request: ActionRequest,
  shown: Shown,
): Promise<{ hold: Hold; isNew: boolean }> {
  const { clock, journal, settings } = parts;
  const digest = actionDigest(request);
  const now = clock.now();
  for (const found of await tx.find('holds', { where: { digest } })) {
    const hold = found.record as unknown as Hold;
    if (hold.state !== 'waiting' || hold.expiresAt < isoTime(now)) continue;
    const merged: Hold = { ...hold, asked: hold.asked + 1 };
    await tx.put('holds', hold.id, merged as unknown as JsonObject);
    return { hold: merged, isNew: false };
  }
  await refuseCrowd(tx, request, settings);
  const { judged: _, ...onThePage } = shown;
  const hold: Hold = {
    ...onThePage,
    id: newId('hp', now),
    code: await freeCode(tx),
    digest,
    request,
    state: 'waiting',
    tier: settings.tier,
    ...(settings.tierProvedAt === undefined ? {} : { tierProvedAt: settings.tierProvedAt }),
    createdAt: isoTime(now),
    expiresAt: isoTime(now + settings.lifetimeMs),
    asked: 1,
  };
  await tx.insert('holds', hold.id, hold as unknown as JsonObject);
  await journal.append(tx, {
    kind: 'held',
    principal: request.principal.name,
    token: request.token,
    gate: request.gate,
    digest,
    hold: hold.id,
    body: {
      code: hold.code,
      kind: hold.kind,
      request: request as unknown as JsonObject,
      reasons: shown.reasons,
      rules: shown.rules,
      facts: shown.facts as unknown as readonly JsonObject[],
      tier: hold.tier,
      ...(hold.tierProvedAt === undefined ? {} : { tierProvedAt: hold.tierProvedAt }),
      judged: shown.judged === undefined ? undefined : { ...shown.judged },
    },
  });
  return { hold, isNew: true };
}

/** Six Crockford characters that no open hold has. */
async function freeCode(tx: Transaction): Promise<string> {
  for (let attempt = 0; attempt < 32; attempt++) {
    const code = `hp_${randomCharacters(6)}`;
    const taken = await tx.find('holds', { where: { code } });
    if (taken.every((found) => endedHoldStates.includes((found.record as unknown as Hold).state))) return code;
  }
  throw new Error('no free hold code in 32 tries');
}

/** The refusal that tells an agent about a hold it has to wait for. */
export function heldRefusal(hold: Hold, wouldDo: string): Refused {
  if (hold.state === 'scheduled') {
    return refuse(
      'SCHEDULED',
      `a human signed this; it is scheduled for ${hold.schedule?.notBefore ?? 'later'} and not done yet: ${wouldDo}`,
      'stop here; it has not happened; do not ask for it again and do not count on it',
      { hold: hold.code },
    );
  }
  return refuse(
    'HELD',
    `this would ${wouldDo}. Nothing was done`,
    `stop here; tell the person you work for what you wanted and why; do not try another way; after approval: holdpoint run ${hold.code}`,
    { hold: hold.code, reasons: hold.reasons },
  );
}
