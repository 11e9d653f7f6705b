import { askedAboutToken } from './credential-question.ts';
import { NotPermitted } from './not-permitted.ts';
import type { RoadParts } from './parts.ts';
import { askAboutCredential, ProviderRefused, unresolved } from './provider-refused.ts';
import type { Asked, Outcome } from '../contract/road.ts';
import { freezeRequest } from '../model/action-request.ts';
import type { EntryDraft } from '../model/entry.ts';
import { canonicalJson, type Json, type JsonObject } from '../model/json.ts';
import { refusalIn, Refused, type Refusal } from '../model/refusal.ts';
import { attemptOf } from './velocity/attempt.ts';

/** Turns whatever was thrown into a Refusal, and writes it down. A refusal stands even when it cannot be written. */
export async function refused(road: RoadParts, asked: Asked, thrown: unknown): Promise<Outcome> {
  const counted = count(road, asked, thrown);
  const cause = await told(road, asked, thrown);
  const refusal = refusalIn(cause);
  if (!(cause instanceof Refused)) road.diagnose('mediate', cause);
  // A hold and a schedule have entries of their own.
  if (refusal.code !== 'HELD' && refusal.code !== 'SCHEDULED') await note(road, asked, refusal, thrown, counted);
  return { kind: 'refused', refusal };
}

/** An agent that is held and denied again and again stops itself. What a human's signature runs is no attempt. */
function count(road: RoadParts, asked: Asked, thrown: unknown): boolean {
  const { principal } = asked.bearer;
  if (asked.running !== undefined || principal.kind === 'human' || thrown instanceof ProviderRefused) return false;
  const { code } = refusalIn(thrown);
  if (code !== 'HELD' && code !== 'DENIED') return false;
  const attempt = attemptOf(asked.reading);
  if (code === 'DENIED' && attempt.reads && !(thrown instanceof NotPermitted)) return false;
  road.velocity.attempted(principal, { ...attempt, outcome: code === 'HELD' ? 'held' : 'denied' });
  return true;
}

/** A refused credential or permission becomes a question to a human; if even that fails, it is refused all the same. */
async function told(road: RoadParts, asked: Asked, thrown: unknown): Promise<unknown> {
  try {
    if (thrown instanceof ProviderRefused) return await askAboutCredential(road, asked, thrown);
    if (thrown instanceof NotPermitted) return await askAboutPermission(road, asked, thrown);
    const { principal, token } = asked.bearer;
    return await askedAboutToken(road.questions, thrown, {
      gate: asked.gate,
      peer: { address: '' },
      who: { principal, token: token.id, purpose: token.purpose },
    });
  } catch (cause) {
    return cause;
  }
}

async function askAboutPermission(road: RoadParts, asked: Asked, thrown: NotPermitted): Promise<Refused> {
  const { refusal, by, request } = thrown;
  const { principal, token } = asked.bearer;
  const operations = asked.reading.actions.map((action) => action.operation).join(', ');
  const question = by === 'scope' ? 'outside-scope' : 'policy';
  const hold = await road.questions.ask({
    request:
      request === undefined
        ? unresolved(asked, 'none', question)
        : freezeRequest({ ...request, settings: { ...request.settings, question } }),
    text: `${principal.name} was denied ${operations}: ${refusal.detail}`,
    answer:
      by === 'scope'
        ? 'if it should have this, make it a token that says so; if not, deny this, and the goal is locked'
        : 'the policy denies it whoever signs; deny this, and the goal is locked',
    rule: question,
    alarm: 'denied',
    tokenPurpose: token.purpose,
  });
  if (hold === undefined) return thrown;
  return new Refused({ ...refusal, detail: `${refusal.detail}; a human is asked (${hold.code})`, hold: hold.code });
}

async function note(road: RoadParts, asked: Asked, refusal: Refusal, thrown: unknown, counted: boolean): Promise<void> {
  const { bearer, gate, reading } = asked;
  const operations = reading.actions.map((action) => action.operation);
  // A question has raised an alarm of its own, and a goal lock too.
  if (refusal.code === 'DENIED' && refusal.hold === undefined) road.questions.tell(bearer.principal, operations);
  const attempt = attemptOf(reading);
  const by = thrown instanceof NotPermitted ? thrown.by : undefined;
  try {
    const draft: EntryDraft = {
      kind: 'refused',
      principal: bearer.principal.name,
      token: bearer.token.id,
      gate,
      body: {
        code: refusal.code,
        detail: refusal.detail,
        reasons: refusal.reasons,
        operations,
        // By its code: a hold's own entries are those of its life.
        question: refusal.hold,
        by,
        attempt: attempt.key,
        plan: keptPlan(reading),
        destructive: attempt.destructive,
        counted,
        running: asked.running,
      },
    };
    const bounded = asked.running === undefined && !counted && refusal.code !== 'OUTCOME_UNKNOWN';
    if (bounded) await road.refusals.note(draft, [refusal.code, by].filter((one) => one !== undefined).join(' by '));
    else await road.journal.record(draft);
  } catch (cause) {
    road.diagnose('journal', cause);
  }
}

/** Longer messages (characters) than this are told by their digest alone: whoever is denied must not fill the disk. */
const longestKept = 8_192;

function keptPlan({ plan }: Asked['reading']): JsonObject | undefined {
  try {
    const text = canonicalJson(plan as unknown as Json);
    return text.length > longestKept ? undefined : (JSON.parse(text) as JsonObject);
  } catch {
    return undefined;
  }
}
