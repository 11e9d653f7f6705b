import { refuseCrowd } from './crowd.ts';
import type { HoldParts } from './parts.ts';
import { isoTime } from '../../contract/clock.ts';
import type { Transaction } from '../../contract/store.ts';
import { actionDigest, type ActionRequest } from '../../model/action-request.ts';
import type { Friction } from '../../model/decision.ts';
import { endedHoldStates, type ApprovalMode, type Fact, type Hold } from '../../model/hold.ts';
import { newId, randomCharacters } from '../../model/identifier.ts';
import type { JsonObject } from '../../model/json.ts';

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
  readonly drilledHours?: { readonly [environment: string]: number };
}

/**
 * The waiting hold for this digest, asked once more, or a new one with its `held` entry. Throws `Refused` (`DENIED`) where this
 * principal has too much waiting.
 */
export async function openOrMerge(
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
