import type { RoadParts } from './parts.ts';
import { askAboutCredential, ProviderRefused } from './provider-refused.ts';
import type { Asked, Outcome } from '../contract/road.ts';
import { refusalIn, Refused, type Refusal } from '../model/refusal.ts';

/** Turns whatever was thrown into a Refusal, and writes it down. A refusal stands even when it cannot be written. */
export async function refused(road: RoadParts, asked: Asked, thrown: unknown): Promise<Outcome> {
  const cause = await told(road, asked, thrown);
  const refusal = refusalIn(cause);
  if (!(cause instanceof Refused)) road.diagnose('mediate', cause);
  // A hold and a schedule have entries of their own.
  if (refusal.code !== 'HELD' && refusal.code !== 'SCHEDULED') await note(road, asked, refusal);
  return { kind: 'refused', refusal };
}

/** A provider's own refusal becomes a hold that asks a human; if even that fails, it is refused all the same. */
async function told(road: RoadParts, asked: Asked, thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof ProviderRefused)) return thrown;
  try {
    return await askAboutCredential(road, asked, thrown);
  } catch (cause) {
    return cause;
  }
}

async function note(road: RoadParts, asked: Asked, refusal: Refusal): Promise<void> {
  const { bearer, gate, reading } = asked;
  if (refusal.code === 'DENIED') {
    road.raise({
      kind: 'denied',
      text: `${bearer.principal.name} was denied ${reading.actions.map((action) => action.operation).join(', ')}: ${refusal.detail}`,
    });
  }
  try {
    await road.journal.record({
      kind: 'refused',
      principal: bearer.principal.name,
      token: bearer.token.id,
      gate,
      body: {
        code: refusal.code,
        detail: refusal.detail,
        reasons: refusal.reasons,
        operations: reading.actions.map((action) => action.operation),
      },
    });
  } catch (cause) {
    road.diagnose('journal', cause);
  }
}
