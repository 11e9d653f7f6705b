import type { RoadParts } from './parts.ts';
import { ProviderRefused } from './provider-refused.ts';
import type { Lease } from '../contract/lease.ts';
import { type Looking, type Lookup, type Rehearsal, rehearsalAnswer } from '../contract/lookup.ts';
import type { Provider, Reading } from '../contract/provider.ts';
import { LineBroken, type Answer } from '../contract/upstream.ts';
import type { Message } from '../model/plan.ts';
import { refuse } from '../model/refusal.ts';
import { UndoLine } from './undo/undo-line.ts';

/** At most this many look-ups to find out what one request is about. */
const bound = 64;

/**
 * Runs a provider's question to its end on one lease. Every look-up is read again by the provider itself and has to be a
 * read; anything else is a defect of the catalogue and sends nothing.
 */
export async function look<T>(road: RoadParts, provider: Provider, lease: Lease, question: Looking<T>): Promise<T> {
  await using second = new UndoLine(road, lease.upstream);
  // `await`: without it the line would be closed before it was opened.
  return await lookBy(road, provider, lease, second, question);
}

/** The same, with a second line that stays its owner's. */
export async function lookBy<T>(
  road: RoadParts,
  provider: Provider,
  lease: Lease,
  second: UndoLine,
  question: Looking<T>,
): Promise<T> {
  let next = question.next();
  for (let asked = 0; next.done !== true; asked++) {
    if (asked === bound) throw refuse('DENIED', 'too many look-ups to find out what this is about');
    const lookup = next.value;
    if ('rehearse' in lookup) {
      next = question.next(await rehearsed(road, provider, lease, lookup));
      continue;
    }
    const reading = readingOf(provider, lookup);
    if (lookup.by === 'undo') {
      next = await asideOf(road, reading, lookup, second, question);
      continue;
    }
    next = question.next(await answered(road, lease, reading, lookup));
  }
  return next.value;
}

/** What the second line cannot answer is for the question to go on without. */
async function asideOf<T>(
  road: RoadParts,
  reading: Reading,
  lookup: Lookup,
  second: UndoLine,
  question: Looking<T>,
): Promise<IteratorResult<Lookup | Rehearsal, T>> {
  let answer: Answer;
  try {
    answer = await answered(road, await second.lease(), reading, lookup);
  } catch (cause) {
    road.diagnose('undo', cause);
    return question.throw(cause);
  }
  return question.next(answer);
}

/** Said and taken back, on the line in whose transaction the act is open. Nothing goes in but what a transaction takes back. */
async function rehearsed(
  road: RoadParts,
  provider: Provider,
  lease: Lease,
  { rehearse, purpose }: Rehearsal,
): Promise<Answer> {
  for (const message of rehearse) {
    const actions = provider.readInside?.(message).actions ?? [];
    const comesBack = actions.every(({ reversibility }) => reversibility === 'read' || reversibility === 'provisional');
    if (actions.length === 0 || !comesBack)
      throw refuse(
        'UNAVAILABLE',
        `the rehearsal \`${purpose}\` holds what no transaction takes back`,
        'this is a defect of the catalogue: report it',
      );
  }
  try {
    const clearance = road.leases.mint(lease, rehearse, 'rehearsal', lease.id);
    return rehearsalAnswer(await lease.rehearse(rehearse, clearance));
  } catch (cause) {
    if (!(cause instanceof LineBroken)) throw cause;
    throw refuse(
      'UNAVAILABLE',
      `the line broke before anything took effect (${purpose}); it was taken back`,
      'try again',
    );
  }
}

function readingOf(provider: Provider, { message, purpose }: Lookup): Reading {
  const reading = provider.read(message);
  if (reading.actions.every((action) => action.reversibility === 'read')) return reading;
  throw refuse(
    'UNAVAILABLE',
    `the look-up \`${purpose}\` is not a read`,
    'this is a defect of the catalogue: report it',
  );
}

async function answered(road: RoadParts, lease: Lease, reading: Reading, lookup: Lookup): Promise<Answer> {
  const answer = await ask(road, lease, lookup.message, lookup.purpose);
  const refused = reading.providerRefusal(answer);
  if (refused !== undefined) throw new ProviderRefused(lease.upstream, refused);
  return answer;
}

async function ask(road: RoadParts, lease: Lease, message: Message, purpose: string): Promise<Answer> {
  try {
    // Its id is kept nowhere: only an effect's is.
    const clearance = road.leases.mint(lease, [message], 'lookup', lease.id);
    return await lease.send(message, clearance);
  } catch (cause) {
    if (!(cause instanceof LineBroken)) throw cause;
    throw refuse(
      'DENIED',
      `the provider did not answer (${purpose}), so what this is about could not be resolved`,
      'try again when the provider is up, or tell the person you work for',
    );
  }
}
