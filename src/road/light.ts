import type { Desk } from './desk.ts';
import { describe, judgeInput } from './judge.ts';
import { requireToken } from './identity/required-token.ts';
import type { RoadParts } from './parts.ts';
import { ProviderRefused } from './provider-refused.ts';
import { refused } from './refused.ts';
import { resolve } from './target.ts';
import { admitTargets } from './identity/scope.ts';
import type { ReadNote } from '../contract/journal.ts';
import type { Clearance, Lease } from '../contract/lease.ts';
import type { Reading, Resolution } from '../contract/provider.ts';
import type { Again, Asked, AskedAgain, Outcome } from '../contract/road.ts';
import { LineBroken, type Answer } from '../contract/upstream.ts';
import { refuse, type Refusal } from '../model/refusal.ts';

/** How long a resolved read is believed. A write is never believed from here. */
const believedMs = 30_000;
/** How long a token that was just looked at counts as good: with identity's own half second, within the one that C2 grants. */
const freshMs = 250;

/**
 * The short road of what changes nothing, or can still be taken back in a transaction the gate holds open: judged,
 * noted for the next journal batch, sent. Undefined when policy wants more than that, or when it is no such thing.
 */
export async function passLightly(desk: Desk): Promise<Outcome | undefined> {
  const { asked, road } = desk;
  const { reading } = asked;
  const provisional =
    asked.lease !== undefined && reading.actions.some((action) => action.reversibility === 'provisional');
  const light = reading.actions.every(
    (action) => action.reversibility === 'read' || (provisional && action.reversibility === 'provisional'),
  );
  if (!light || reading.actions.length === 0 || asked.running !== undefined) return undefined;

  const began = road.clock.now();
  const known = believed(desk, provisional);
  const judged = known === undefined ? await judgeLight(desk, provisional) : { note: known };
  if (judged === undefined) return undefined;
  const { note, before } = judged;
  if (before !== undefined && asked.lease !== undefined) {
    road.freeze.pass(asked.bearer.principal);
    // In a transaction of a gate's own this is one step at a time.
    await desk.look(asked.lease, before(0));
  }
  // Looking up takes as long as the provider takes: who was revoked meanwhile is sent nothing more (C2).
  if (asked.lease !== undefined) await requireLive(road, asked);
  else if (!(Math.abs(road.clock.now() - began) < freshMs)) await requireToken(road.store, asked.bearer.token.id);
  if (provisional) road.freeze.pass(asked.bearer.principal);
  road.journal.noteRead(note);
  const answer = await send(desk, note.upstream, provisional);
  const refusedBy = reading.providerRefusal(answer);
  if (refusedBy !== undefined) throw new ProviderRefused(note.upstream, refusedBy);
  return { kind: 'done', answer: reading.mask(answer) };
}

/**
 * The same read again on a line that a gate keeps open, without a look-up, a copy or a promise: believed for as long as the
 * verdict that `passLightly` reached, and only while the token was seen a moment ago. Says no by undefined, whatever the reason.
 */
export function passAgain(road: RoadParts, asked: AskedAgain): Again | undefined {
  const { reading, proved, bearer, lease } = asked;
  const { token } = bearer;
  if (!judgedLike(reading, proved)) return undefined;
  const [only, ...more] = reading.plan.steps;
  if (only === undefined || more.length > 0 || lease.upstream !== proved.entry) return undefined;
  const note = believedFor(road, asked, proved, false);
  if (note === undefined || !road.lightCache.lives(token.id)) return undefined;
  try {
    road.journal.noteRead(note);
    return new AgainOn(road, asked, road.leases.mint(lease, reading.plan.steps, 'lookup', lease.id));
  } catch (cause) {
    // `mediate` meets the same, and says what it is.
    road.diagnose('again', cause);
    return undefined;
  }
}

/**
 * What was cleared may be fetched for hours, a part at a time: before each part the token has to live still and, unless it only
 * reads, nobody may have stopped the agents.
 */
export async function goOn(road: RoadParts, asked: Asked): Promise<Refusal | undefined> {
  try {
    await requireLive(road, asked);
    if (asked.reading.actions.some((action) => action.reversibility !== 'read'))
      road.freeze.pass(asked.bearer.principal);
    return undefined;
  } catch (thrown) {
    const outcome = await refused(road, asked, thrown);
    return outcome.kind === 'refused' ? outcome.refusal : refuse('DENIED', 'it may not go on').refusal;
  }
}

class AgainOn implements Again {
  readonly clearance: Clearance;
  readonly #road: RoadParts;
  readonly #asked: AskedAgain;

  constructor(road: RoadParts, asked: AskedAgain, clearance: Clearance) {
    this.#road = road;
    this.#asked = asked;
    this.clearance = clearance;
  }

  refused(answer: Answer): Promise<Outcome> {
    const said = this.#asked.reading.providerRefusal(answer) ?? '';
    return refused(this.#road, this.#asked, new ProviderRefused(this.#asked.lease.upstream, said));
  }
}

/** A line that stays open outlives what was true of its token when it was opened (C2). */
async function requireLive(road: RoadParts, { bearer }: Asked): Promise<void> {
  const { token } = bearer;
  if (!(road.clock.now() < Date.parse(token.expiresAt)))
    throw refuse('BAD_TOKEN', 'the token has expired', 'stop here; ask the person you work for');
  if (road.lightCache.lives(token.id)) return;
  await requireToken(road.store, token.id);
  road.lightCache.sawLive(token.id);
}

function believed({ asked, road }: Desk, provisional: boolean): ReadNote | undefined {
  const { reading, proved = reading } = asked;
  return judgedLike(reading, proved) ? believedFor(road, asked, proved, provisional) : undefined;
}

function judgedLike(reading: Reading, proved: Reading): boolean {
  return reading === proved || (reading.alike !== undefined && reading.alike === proved.alike);
}

function believedFor(
  road: RoadParts,
  { gate, bearer }: Asked,
  reading: Reading,
  provisional: boolean,
): ReadNote | undefined {
  const verdict = road.lightCache.get(reading, bearer.token.id);
  if (verdict === undefined) return undefined;
  const good =
    verdict.note.gate === gate &&
    verdict.provisional === provisional &&
    verdict.until > road.clock.now() &&
    verdict.policy === road.policy().version &&
    verdict.bindings === road.bindings();
  return good ? verdict.note : undefined;
}

interface Judged {
  readonly note: ReadNote;
  /** What has to be looked at right before it is sent: such a verdict is not believed again. */
  readonly before?: Resolution['before'];
}

async function judgeLight(desk: Desk, provisional: boolean): Promise<Judged | undefined> {
  const { asked, road } = desk;
  const target = await resolve(desk);
  admitTargets(asked.bearer.token.scope, target.actions, target.environments);
  if (
    target.actions.some(
      (action) => action.reversibility !== 'read' && !(provisional && action.reversibility === 'provisional'),
    )
  )
    return undefined;
  const request = describe(desk, target, target.actions, null);
  if (road.policy().judge(judgeInput(desk, request, undefined)).kind !== 'allow') return undefined;
  const note = noteOf(desk, target.upstream.name);
  const { before } = target.resolution;
  if (before !== undefined) return { note, before };
  // Of steps only those of which the provider says what else is judged like them.
  if (!provisional || asked.reading.alike !== undefined) {
    road.lightCache.set(asked.reading, asked.bearer.token.id, {
      note,
      provisional,
      policy: road.policy().version,
      bindings: road.bindings(),
      until: Math.min(road.clock.now() + believedMs, Date.parse(asked.bearer.token.expiresAt)),
    });
  }
  return { note };
}

function noteOf({ asked }: Desk, upstream: string): ReadNote {
  const { principal, token } = asked.bearer;
  const operations = asked.reading.actions.map((action) => action.operation);
  return Object.freeze({ principal: principal.name, token: token.id, gate: asked.gate, upstream, operations });
}

async function send(desk: Desk, upstream: string, provisional: boolean): Promise<Answer> {
  const { asked, road } = desk;
  const lease = asked.lease ?? (await road.leases.open(upstream));
  try {
    return await sendAll(desk, lease, provisional);
  } catch (cause) {
    if (!(cause instanceof LineBroken)) throw cause;
    throw refuse(
      'UNAVAILABLE',
      'the provider did not answer; a read changes nothing, so nothing was lost',
      'try again',
    );
  } finally {
    if (asked.lease === undefined) await lease.release();
    else desk.keep();
  }
}

async function sendAll(desk: Desk, lease: Lease, provisional: boolean): Promise<Answer> {
  const { road } = desk;
  const { steps } = desk.asked.reading.plan;
  // Its id is kept nowhere: only an effect's is.
  const clearance = road.leases.mint(lease, steps, provisional ? 'measure' : 'lookup', lease.id);
  let answer: Answer | undefined;
  for (const step of steps) answer = await lease.send(step, clearance);
  if (answer === undefined) throw refuse('BAD_REQUEST', 'the plan is empty', 'send a request');
  return answer;
}
