import type { Alarm } from '../contract/channel.ts';
import type { Clock } from '../contract/clock.ts';
import { actionDigest, type ActionRequest } from '../model/action-request.ts';
import type { Hold } from '../model/hold.ts';
import type { Principal } from '../model/principal.ts';
import type { Holds } from './holds/holds.ts';

/** What a refusal of a credential or a permission asks a human. */
export interface Question {
  /** What was refused. Two equal ones are one question. */
  readonly request: ActionRequest;
  /** What happened, in a sentence; may quote the far side, never an agent. */
  readonly text: string;
  /** What the human can do about it. */
  readonly answer: string;
  readonly rule: 'no-token' | 'outside-scope' | 'policy' | 'provider-refused' | 'exposed-credential';
  readonly alarm: Alarm['kind'];
  readonly tokenPurpose: string;
}

/** A refused credential or permission is a question to a human (E3). However many are caused, few are asked. */
export interface Questions {
  /** The open question, new or merged; undefined when none could be asked, which changes nothing about the refusal. */
  ask(question: Question): Promise<Hold | undefined>;
  /** An alarm about a denial that asks nothing: of one principal a few a minute, so that it drowns no other alarm. */
  tell(principal: Pick<Principal, 'id' | 'name'>, operations: readonly string[]): void;
}

/** Open questions of one principal by one rule; what comes beyond them goes under the newest. */
const openAtMost = 5;
/** Questions of one principal by one rule that are looked into within ten seconds; beyond, the last one is the answer. */
const lookedIntoAtMost = 10;
const paceMs = 10_000;
/** An agent that goes on is heard of again after this. */
const tellAgainMs = 60_000;
const recentAtMost = 1_000;
/** Denials of one principal that are told within a minute, the last with word that there are more. */
const toldAtMost = 5;
/** Operations that are named in an alarm. */
const namedAtMost = 5;

interface Recent {
  from: number;
  count: number;
  last: Hold | undefined;
  toldAt: number;
}

export function openQuestions(parts: {
  readonly holds: Pick<Holds, 'ask' | 'find' | 'list'>;
  readonly clock: Clock;
  readonly raise: (alarm: Omit<Alarm, 'id' | 'at'>) => void;
  readonly diagnose: (where: string, cause: unknown) => void;
}): Questions {
  const { holds, clock, raise } = parts;
  const recent = new Map<string, Recent>();
  const denied = new Map<string, { readonly from: number; count: number }>();
  // One after the other: of questions that come at once, too, only so many are opened.
  let tail: Promise<unknown> = Promise.resolve();

  const recentOf = (key: string, now: number): Recent => {
    const known = recent.get(key);
    if (known !== undefined && now - known.from < paceMs && now >= known.from) return known;
    const next = { last: known?.last, toldAt: known?.toldAt ?? Number.NEGATIVE_INFINITY, from: now, count: 0 };
    if (recent.size >= recentAtMost) recent.clear();
    recent.set(key, next);
    return next;
  };

  const tell = (state: Recent, question: Question, hold: Hold): void => {
    const now = clock.now();
    if (state.last?.id === hold.id && now - state.toldAt < tellAgainMs) return;
    state.toldAt = now;
    raise({ kind: question.alarm, text: `${question.text} (${hold.code})`, hold });
  };

  const asked = async (question: Question): Promise<Hold> => {
    const { principal } = question.request;
    const state = recentOf(`${question.rule} ${principal.id}`, clock.now());
    state.count += 1;
    if (state.count > lookedIntoAtMost && state.last !== undefined) {
      const last = await holds.find(state.last.id);
      if (last?.state === 'waiting') return last;
    }
    const open = (await holds.list('waiting')).filter(
      ({ kind, rules, request }) =>
        kind === 'question' && rules[0] === question.rule && request.principal.id === principal.id,
    );
    const digest = actionDigest(question.request);
    const isOpen = open.some((hold) => hold.digest === digest);
    const newest = open[0];
    const hold =
      !isOpen && open.length >= openAtMost && newest !== undefined
        ? newest
        : await holds.ask(question.request, shown(question));
    tell(state, question, hold);
    state.last = hold;
    return hold;
  };

  return {
    ask(question) {
      const turn = tail.then(() => asked(question));
      tail = turn.catch(() => undefined);
      return turn.catch((cause: unknown) => {
        parts.diagnose('questions', cause);
        // Nobody could be asked by a hold; at least they hear of it, now and then.
        const state = recentOf(`${question.rule} ${question.request.principal.id}`, clock.now());
        if (clock.now() - state.toldAt >= tellAgainMs) raise({ kind: question.alarm, text: question.text });
        state.toldAt = clock.now();
        return undefined;
      });
    },
    tell({ id, name }, operations) {
      const now = clock.now();
      const known = denied.get(id);
      const fresh = known === undefined || now < known.from || now - known.from >= tellAgainMs;
      const state = fresh ? { from: now, count: 0 } : known;
      if (denied.size >= recentAtMost) denied.clear();
      denied.set(id, state);
      state.count += 1;
      if (state.count > toldAtMost) return;
      const more = operations.length > namedAtMost ? ', …' : '';
      const last =
        state.count === toldAtMost ? '; what else it is denied within this minute is in the journal alone' : '';
      // Not why: that quotes ids, which an agent makes up as it likes.
      raise({
        kind: 'denied',
        text: `${name} was denied ${operations.slice(0, namedAtMost).join(', ')}${more}${last}`,
      });
    },
  };
}

function shown({ text, answer, rule, tokenPurpose }: Question): Parameters<Holds['ask']>[1] {
  return {
    kind: 'question',
    friction: { signatures: 1, typedFact: false },
    reasons: [text, `there is nothing to sign: ${answer}`],
    rules: [rule],
    facts: [],
    varyingFact: '',
    defaultMode: 'now',
    undo: 'nothing runs from this question',
    tokenPurpose,
  };
}
