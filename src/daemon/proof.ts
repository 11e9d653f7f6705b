import { isoTime, type Clock } from '../contract/clock.ts';
import type { AgentUser, TierProof } from '../contract/api.ts';
import type { Store } from '../contract/store.ts';
import type { Journal } from '../road/journal/journal.ts';
import { tierProved, type Attempt } from '../features/doctor/tier.ts';

/** What may be claimed of this installation: what it was started as, and what attacks proved of that. */
export interface Proofs {
  /** The tier that is printed and that rules hang on. Never above `T0` for a daemon that was started as `T0`. */
  readonly tier: string;
  readonly startedTier: string;
  /** Of this kind of start; absent where nobody tried. */
  readonly proof: TierProof | undefined;
  /** Judges the attempts anew, keeps and journals what they prove. */
  record(
    by: string,
    found: { readonly attempts: readonly Attempt[]; readonly attacker: AgentUser },
  ): Promise<TierProof>;
}

const key = 'tier-proof';

/** A proof outlives restarts, with its date beside it; not a start as another tier. */
export async function openProofs(parts: {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Pick<Clock, 'now'>;
  readonly startedTier: string;
}): Promise<Proofs> {
  const { store, journal, clock, startedTier } = parts;
  let proof = readProof(await store.get('settings', key), startedTier);
  return {
    startedTier,
    get tier() {
      return startedTier === 'T0' ? 'T0' : (proof?.tier ?? startedTier);
    },
    get proof() {
      return proof;
    },
    async record(by, { attempts, attacker }) {
      const made: TierProof = Object.freeze({
        tier: tierProved(attempts),
        at: isoTime(clock.now()),
        attacker: { name: attacker.name, uid: attacker.uid },
        startedTier,
        succeeded: attempts.filter((one) => one.outcome === 'succeeded').map((one) => one.attack),
        tried: attempts.length,
      });
      // What narrows is in force before it is on disk; what widens only after.
      if (made.tier < (proof?.tier ?? startedTier)) proof = made;
      await store.transact(async (tx) => {
        await tx.put('settings', key, { ...made, attacker: { ...made.attacker } });
        await journal.append(tx, {
          kind: 'tier-proved',
          principal: by,
          body: { ...made, attacker: { ...made.attacker }, attempts: attempts.map((one) => ({ ...one })) },
        });
      });
      proof = made;
      return made;
    },
  };
}

/** Whatever is not whole counts as no proof. */
function readProof(
  stored: { readonly [member: string]: unknown } | undefined,
  startedTier: string,
): TierProof | undefined {
  const { tier, at, attacker, succeeded, tried } = stored ?? {};
  if (stored?.['startedTier'] !== startedTier || typeof at !== 'string' || typeof tried !== 'number') return undefined;
  if (tier !== 'T0' && tier !== 'T1' && tier !== 'T2') return undefined;
  if (typeof attacker !== 'object' || attacker === null || !Array.isArray(succeeded)) return undefined;
  return { tier, at, attacker: attacker as AgentUser, startedTier, succeeded: succeeded as readonly string[], tried };
}
