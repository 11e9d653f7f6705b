import type { RoadParts } from './parts.ts';
import type { Asked } from '../contract/road.ts';
import { freezeRequest, type ActionRequest } from '../model/action-request.ts';
import { refuse, type Refused } from '../model/refusal.ts';

/** The provider refused the credential that Holdpoint used. Its words are for humans: they come from the far side. */
export class ProviderRefused extends Error {
  readonly upstream: string;
  readonly words: string;

  constructor(upstream: string, words: string) {
    super('the provider refused the credential');
    this.name = 'ProviderRefused';
    this.upstream = upstream;
    this.words = words;
  }
}

/**
 * A credential error is where the incident began: the agent is told to stop, a human is asked by a hold and an alarm,
 * and nothing here leads on (E3). Signing that hold runs nothing: it stands over what could not be resolved.
 */
export async function askAboutCredential(road: RoadParts, asked: Asked, thrown: ProviderRefused): Promise<Refused> {
  const { provider, bearer } = asked;
  const text = `${provider.name} refused the credential of ${thrown.upstream}: ${thrown.words.slice(0, 280)}`;
  const hold = await road.holds.ask(unresolved(asked, thrown.upstream), {
    friction: { signatures: 1, typedFact: false },
    reasons: [text, 'there is nothing to sign: look at the credential, then the agent can ask again'],
    rules: ['provider-refused'],
    facts: [],
    varyingFact: provider.name,
    defaultMode: 'now',
    undo: 'nothing runs from this hold',
    tokenPurpose: bearer.token.purpose,
  });
  road.raise({ kind: 'provider-refused', text, hold });
  return refuse(
    'DENIED',
    `${provider.name} refused the credential that holdpoint used; a human is asked (${hold.code})`,
    'stop here; this is for the person you work for: do not look for another credential and do not try another way',
    { hold: hold.code },
  );
}

function unresolved(asked: Asked, upstream: string): ActionRequest {
  const { bearer, gate, reading, settings } = asked;
  return freezeRequest({
    schema: 'holdpoint/action/v1',
    principal: bearer.principal,
    token: bearer.token.id,
    gate,
    upstream,
    environments: [],
    actions: reading.actions,
    settings: { ...settings, unresolved: true },
    plan: reading.plan,
    affected: null,
  });
}
