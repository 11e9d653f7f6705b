import type { Questions } from './questions.ts';
import type { Peer } from '../contract/road.ts';
import { freezeRequest, type ActionRequest } from '../model/action-request.ts';
import type { Principal } from '../model/principal.ts';
import { refuse, Refused, type Refusal } from '../model/refusal.ts';

/** Who stands behind a credential that was refused, as far as that is proved. */
export interface RefusedBearer {
  readonly principal?: Principal;
  readonly token?: string;
  readonly purpose?: string;
}

/** One for all whom nobody knows: whoever can connect may cause these. */
const nobody: Principal = Object.freeze({ kind: 'agent', id: 'pr_unknown', name: 'unknown' });

const stop =
  'stop here; this is for the person you work for: do not look for another credential and do not try another way';

/**
 * The same refusal, with the hold by which a human is asked: a credential that is not taken is where the incident began
 * (E3). Other refusals, and those that have a hold, come back as they are.
 */
export async function askAboutToken(
  questions: Questions,
  refusal: Refusal,
  seen: { readonly gate: string; readonly peer: Peer; readonly who?: RefusedBearer; readonly why?: string },
): Promise<Refusal> {
  const exposed = refusal.code === 'EXPOSED_CREDENTIAL';
  if ((refusal.code !== 'BAD_TOKEN' && !exposed) || refusal.hold !== undefined) return refusal;
  const { gate, who = {}, why } = seen;
  const name = who.principal?.name ?? 'somebody unknown';
  const hold = await questions.ask({
    request: aboutNothing(refusal, seen),
    text: exposed
      ? `${name} sent a real credential to the ${gate} door; it was refused`
      : `${name} was refused at the ${gate} door: ${why ?? refusal.detail}`,
    answer: exposed
      ? 'replace that credential and find out where it was found'
      : 'if this is an agent of yours, make it a token with `holdpoint token create`; if not, find out who it is',
    rule: exposed ? 'exposed-credential' : 'no-token',
    alarm: exposed ? 'exposure' : 'denied',
    tokenPurpose: who.purpose ?? '',
  });
  if (hold === undefined) return refusal;
  return {
    ...refusal,
    detail: `${refusal.detail}; a human is asked (${hold.code})`,
    hint: refusal.hint.includes('stop here') ? refusal.hint : `${stop}; ${refusal.hint}`,
    hold: hold.code,
  };
}

/** The same for a refusal that is thrown. */
export async function askedAboutToken(
  questions: Questions,
  thrown: unknown,
  seen: Parameters<typeof askAboutToken>[2],
): Promise<unknown> {
  if (!(thrown instanceof Refused)) return thrown;
  const asked = await askAboutToken(questions, thrown.refusal, seen);
  if (asked === thrown.refusal) return thrown;
  return refuse(asked.code, asked.detail, asked.hint, asked);
}

/** Nothing of what was asked is believed, so nothing of it is in the question. */
function aboutNothing(
  refusal: Refusal,
  { gate, peer, who = {}, why }: Parameters<typeof askAboutToken>[2],
): ActionRequest {
  return freezeRequest({
    schema: 'holdpoint/action/v1',
    principal: who.principal ?? nobody,
    token: who.token ?? 'none',
    gate,
    upstream: 'none',
    environments: [],
    actions: [],
    settings: { question: refusal.code, peer: peer.address, uid: peer.uid, why: why ?? refusal.detail.slice(0, 280) },
    plan: { steps: [], effect: 0 },
    affected: null,
  });
}
