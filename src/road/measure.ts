import type { Desk } from './desk.ts';
import { ProviderRefused } from './provider-refused.ts';
import type { Target } from './target.ts';
import type { Lease } from '../contract/lease.ts';
import type { Capture, Resolution, TableShare } from '../contract/provider.ts';
import { LineBroken } from '../contract/upstream.ts';
import type { Action } from '../model/action.ts';
import { digestOf } from '../model/digest.ts';
import type { Fact } from '../model/hold.ts';
import { newId } from '../model/identifier.ts';
import type { JsonObject } from '../model/json.ts';
import { refuse } from '../model/refusal.ts';

/** What was found out before anything took effect. */
export interface Measured {
  readonly actions: readonly Action[];
  readonly facts: readonly Fact[];
  readonly rows: number;
  /** Shares of tables, where the far side has tables and said how large they are. */
  readonly tables: readonly TableShare[];
  /** Hash over everything that would be hit, `null` when nothing more than the targets themselves. */
  readonly affected: string | null;
  readonly capture: Capture | undefined;
  /** What it will take to find out later whether the act took effect; undefined when nothing can. */
  readonly intent: JsonObject | undefined;
  readonly lease: Lease;
}

/**
 * Runs the steps that can be taken back, asks what they really did, and reads the before-image. A claim of `reversible`
 * that no image backs becomes `irreversible` here.
 */
export async function measure(desk: Desk, target: Target): Promise<Measured> {
  const { resolution } = target;
  const lease = await desk.lease(target.upstream);
  // Of what is not understood nobody can say that a rollback takes it back: it is not tried.
  const tried = target.actions.every((action) => action.reversibility !== 'unknown');
  if (tried) await runProvisional(desk, lease, resolution);
  const measurement =
    !tried || resolution.measure === undefined ? undefined : await desk.look(lease, resolution.measure());
  const claimed = measurement?.actions ?? target.actions;
  const found = measurement?.capture ?? (await capturing(desk, lease, target, claimed));
  const fits = found === undefined || (await desk.road.images.hasRoom(found.image));
  const capture = fits ? found : undefined;
  // What would be hit is the same, whether there is room for it or not.
  const hashes = [...(measurement?.hashes ?? []), ...(found?.hashes ?? [])];
  return {
    actions: backed(claimed, capture !== undefined),
    facts: [...resolution.facts, ...(measurement?.facts ?? []), ...(fits ? [] : [noRoom])],
    rows: measurement?.rows ?? found?.hashes.length ?? 0,
    tables: measurement?.tables ?? [],
    affected: affectedHash(resolution.dependents, hashes),
    capture,
    intent:
      resolution.intent === undefined && measurement?.intent === undefined
        ? undefined
        : { ...resolution.intent, ...measurement?.intent },
    lease,
  };
}

const noRoom: Fact = Object.freeze({
  label: 'undo',
  value: 'no room is left for undos, so nothing was secured',
  tone: 'danger',
  source: 'holdpoint',
});

async function runProvisional(desk: Desk, lease: Lease, { before }: Resolution): Promise<void> {
  const { reading } = desk.asked;
  const { plan } = reading;
  const waiting = plan.steps.slice(lease.ran.length, plan.effect);
  if (waiting.length === 0) return;
  const { road } = desk;
  const clearance = road.leases.mint(lease, waiting, 'measure', newId('cl', road.clock.now()));
  for (const step of waiting) {
    if (before !== undefined) await desk.look(lease, before(lease.ran.length));
    road.freeze.pass(desk.asked.bearer.principal);
    try {
      const answer = await lease.send(step, clearance);
      const refusedBy = reading.providerRefusal(answer);
      if (refusedBy !== undefined) throw new ProviderRefused(lease.upstream, refusedBy);
      const failure = reading.failure?.(answer);
      if (failure !== undefined) throw refuse('BAD_REQUEST', failure, 'mend it and ask again; nothing was done');
    } catch (cause) {
      if (!(cause instanceof LineBroken)) throw cause;
      throw refuse('UNAVAILABLE', 'the line broke before anything took effect; it was taken back', 'try again');
    }
  }
}

/**
 * Only where something claims to be reversible, or comes back for a while at the far side; a capture that fails leaves
 * the claim without its proof.
 */
async function capturing(
  desk: Desk,
  lease: Lease,
  target: Target,
  actions: readonly Action[],
): Promise<Capture | undefined> {
  const { capture } = target.resolution;
  const comesBack = actions.some(
    ({ reversibility }) => reversibility === 'reversible' || reversibility === 'recoverable',
  );
  if (capture === undefined || !comesBack) return undefined;
  return desk.look(lease, capture());
}

function backed(actions: readonly Action[], secured: boolean): readonly Action[] {
  if (secured) return actions;
  return actions.map((action) =>
    action.reversibility === 'reversible'
      ? { ...action, reversibility: 'irreversible', why: `${action.why}; its undo could not be secured` }
      : action,
  );
}

function affectedHash(dependents: readonly string[], hashes: readonly string[]): string | null {
  const all = [...new Set(dependents), ...hashes].sort();
  return all.length === 0 ? null : digestOf('holdpoint/affected/v1', all);
}
