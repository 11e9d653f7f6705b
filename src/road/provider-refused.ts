import type { RoadParts } from './parts.ts';
import type { Asked } from '../contract/road.ts';
import { freezeRequest, type ActionRequest } from '../model/action-request.ts';
import { refuse, type Refused } from '../model/refusal.ts';

/** The provider refused the credential that Holdpoint used, or refused it a right. Its words are for humans: they come from the far side. */
export class ProviderRefused extends Error {
  readonly upstream: string;
  readonly words: string;

  constructor(upstream: string, words: string) {
    super('the provider refused the credential, or a right of it');
    this.name = 'ProviderRefused';
    this.upstream = upstream;
    this.words = words;
  }
}

/**
 * A credential error is where the incident began: the agent is told to stop, a human is asked by a hold and an alarm,
 * and nothing here leads on (E3).
 */
export async function askAboutCredential(road: RoadParts, asked: Asked, thrown: ProviderRefused): Promise<Refused> {
  const { provider, bearer } = asked;
  const hold = await road.questions.ask({
    request: unresolved(asked, thrown.upstream, 'provider-refused'),
    text: `${provider.name} refused this to the credential of ${thrown.upstream}: ${thrown.words.slice(0, 280)}`,
    answer: 'look at the credential and its rights, then the agent can ask again',
    rule: 'provider-refused',
    alarm: 'provider-refused',
    tokenPurpose: bearer.token.purpose,
  });
  const asks = hold === undefined ? 'tell a human' : `a human is asked (${hold.code})`;
  return refuse(
    'DENIED',
    `${provider.name} refused this to the credential that holdpoint used; ${asks}`,
    'stop here; this is for the person you work for: do not look for another credential and do not try another way',
    hold === undefined ? {} : { hold: hold.code },
  );
}

/** What was asked, over what could not be resolved. No act has this digest: what an act is asked with never says `question`. */
export function unresolved(asked: Asked, upstream: string, question: string): ActionRequest {
  const { bearer, gate, reading, settings } = asked;
  return freezeRequest({
    schema: 'holdpoint/action/v1',
    principal: bearer.principal,
    token: bearer.token.id,
    gate,
    upstream,
    environments: [],
    actions: reading.actions,
    settings: { ...settings, question },
    plan: reading.plan,
    affected: null,
  });
}
