import type { Tongue } from '../../contract/provider.ts';
import type { Bearer, Outcome } from '../../contract/road.ts';
import { Refused, refusalIn, refuse } from '../../model/refusal.ts';
import type { Address } from './address.ts';
import { askedAbout } from './asked-about.ts';
import type { Judged } from './claims.ts';
import type { Asking, Connection } from './connection.ts';
import { carriesToken, misplacedToken, presentedIn } from './credentials.ts';
import { refuseExposure } from './exposure.ts';
import type { Head } from './head.ts';
import { largeBody } from './large-ones.ts';
import { messageOf } from './message.ts';
import type { Room } from './parts.ts';
import { say, sayAnswer } from './say.ts';
import { saysIn } from './says.ts';
import { type ListedTongue, sayRefusal, tongueOf } from './tongue.ts';

/** A request that was read whole: its head checked, its body plain. */
export interface WholeRequest {
  readonly head: Head;
  readonly address: Address;
  readonly judged: Judged;
  readonly body: Uint8Array;
  /** What `presentedIn` finds in this head, where it was looked at already and is an agent token. */
  readonly token?: string | undefined;
}

/** Whose request it is, what it says, and the road; then its answer. Whatever is thrown is a refusal. */
export async function askRoad(
  room: Room,
  connection: Connection,
  exchange: Asking,
  request: WholeRequest,
): Promise<void> {
  const bearer = await bearerOf(room, connection, request);
  exchange.bearer = bearer;
  if (request.body.length <= largeBody) return askAs(room, bearer, exchange, request);
  const over = await room.largeOnes.turn(bearer.principal.id);
  try {
    // Whoever has gone meanwhile is asked nothing for.
    if (!exchange.silent) await askAs(room, bearer, exchange, request);
  } finally {
    over();
  }
}

async function askAs(room: Room, bearer: Bearer, exchange: Asking, request: WholeRequest): Promise<void> {
  const { head, address, judged, body } = request;
  const agentSays = saysIn(head.headers);
  const message = messageOf(head, address.origin, address.path, body);
  const reading = judged.provider.read(message);
  if (exchange.silent) return;
  exchange.acted = true;
  const words = agentSays === undefined ? {} : { agentSays };
  const outcome = await room.road.mediate({
    gate: 'http',
    bearer,
    provider: judged.provider,
    message,
    reading,
    ...words,
  });
  sayOutcome(exchange, outcome, tongueOf(judged.provider, message));
}

/** Says what was thrown after the whole request was read, in the client's own tongue, and journals it. */
export async function sayThrown(
  room: Room,
  connection: Connection,
  exchange: Asking,
  thrown: unknown,
  tongue: ListedTongue,
): Promise<void> {
  const asked = exchange.acted ? thrown : await askedAbout(room, connection, thrown, exchange.bearer);
  if (!exchange.acted) noteThrown(room, connection, exchange, asked);
  // What failed after the road was taken may have happened: never "nothing was sent".
  const lost = refuse('OUTCOME_UNKNOWN', 'the request was handed on and its outcome cannot be told');
  const refusal = exchange.acted && !(asked instanceof Refused) ? lost.refusal : refusalIn(asked);
  say(exchange, sayRefusal(refusal, tongue));
}

/** Who asks, by the agent token in the place of the real credential. Throws `Refused`. */
async function bearerOf(room: Room, connection: Connection, request: WholeRequest): Promise<Bearer> {
  const { head, judged, body, token } = request;
  const { tunnel } = connection;
  const peer = connection.peer ?? (await connection.peerRead);
  const presented =
    token === undefined ? presentedIn(head, judged, room.storedFor) : ({ kind: 'token', token } as const);
  if (presented.kind === 'exposure') throw await refuseExposure(room, presented.exposure, peer, tunnel?.bearer);
  if (presented.kind === 'refused') throw presented.refused;
  if (carriesToken(body)) throw misplacedToken('the body');
  const differ = (): Refused =>
    refuse('BAD_TOKEN', 'the proxy credential and the credential of the request name different agent tokens');
  if (tunnel !== undefined && presented.token !== tunnel.token) throw differ();
  const bearer = await room.road.identify(presented.token, peer);
  const same =
    tunnel === undefined ||
    (bearer.token.id === tunnel.bearer.token.id && bearer.principal.id === tunnel.bearer.principal.id);
  if (!same) throw differ();
  return bearer;
}

function sayOutcome(exchange: Asking, outcome: Outcome, tongue: Tongue): void {
  if (outcome.kind === 'done') sayAnswer(exchange, outcome.answer);
  else say(exchange, sayRefusal(outcome.refusal, tongue));
}

/** Journals a refusal of the gate's own. */
export function noteThrown(room: Room, connection: Connection, exchange: Asking, thrown: unknown): void {
  const refusal = refusalIn(thrown);
  // An exposure has an entry of its own, written before it was refused.
  if (refusal.code === 'EXPOSED_CREDENTIAL') return;
  const { tunnel, address } = connection;
  const { bearer } = exchange;
  room.noteRefusal(refusal, {
    peer: address,
    ...(tunnel === undefined ? {} : { host: tunnel.host }),
    ...(bearer === undefined ? {} : { principal: bearer.principal.name, token: bearer.token.id }),
  });
}
