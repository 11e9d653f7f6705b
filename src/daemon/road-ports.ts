import type { Rooms } from './rooms.ts';
import type { Bearer, Peer, Road } from '../contract/road.ts';
import type { Principal } from '../model/principal.ts';
import { askAboutToken, askedAboutToken } from '../road/credential-question.ts';
import { TokenRefused } from '../road/identity/identity.ts';
import { goOn, passAgain } from '../road/light.ts';
import { mediate } from '../road/mediate.ts';

/** The road as one gate is given it. */
export function roadPorts(rooms: Rooms, gate: string): Road {
  const { road, journal } = rooms;
  return {
    identify: (presented, peer) => identifyOrAsk(rooms, gate, presented, peer),
    askAbout: (refusal, { peer, by }) =>
      askAboutToken(road.questions, refusal, { gate, peer, ...(by === undefined ? {} : { who: whoIs(by) }) }),
    mediate: (asked) => mediate(road, asked),
    again: (asked) => passAgain(road, asked),
    goOn: (asked) => goOn(road, asked),
    note: async (draft) => {
      if (draft.kind === 'refused') {
        const { code, notWritten } = draft.body;
        await road.refusals.note(
          draft,
          typeof code === 'string' ? code : 'refused',
          1 + (typeof notWritten === 'number' ? notWritten : 0),
        );
        return;
      }
      if (draft.kind !== 'exposure') return void (await journal.record(draft));
      // Who sends it a thousand times is told so each time; a human hears of it as often as it is written.
      if (!(await road.refusals.note(draft, 'EXPOSED_CREDENTIAL'))) return;
      const who = draft.principal ?? 'somebody';
      road.raise({
        kind: 'exposure',
        text: `${who} sent a real credential through the ${draft.gate ?? ''} gate; it was refused`,
      });
    },
  };
}

/** Who presented this. A token that is not taken becomes a question to a human, and is refused all the same. */
export async function identifyOrAsk(
  { identity, road }: Rooms,
  gate: string,
  presented: string,
  peer: Peer,
): Promise<Bearer> {
  try {
    return await identity.identify(presented, peer);
  } catch (thrown) {
    const { why, bearer } = thrown instanceof TokenRefused ? thrown : {};
    throw await askedAboutToken(road.questions, thrown, {
      gate,
      peer,
      ...(why === undefined ? {} : { why: reasons[why] }),
      ...(bearer === undefined ? {} : { who: whoIs(bearer) }),
    });
  }
}

/** Why a token is not taken, for a human. */
const reasons: { readonly [why in TokenRefused['why']]: string } = {
  shape: 'what was presented is no token of holdpoint',
  unknown: 'nobody made this token',
  secret: 'the secret of the token is wrong',
  kind: 'the token was presented as another kind than it is',
  revoked: 'the token is revoked',
  expired: 'the token has expired',
  peer: 'the token was presented from where it is not bound to',
};

function whoIs({ principal, token }: Bearer): { principal: Principal; token: string; purpose: string } {
  return { principal, token: token.id, purpose: token.purpose };
}
