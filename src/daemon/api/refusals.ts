import { isoTime, type Clock } from '../../contract/clock.ts';
import type { JournalWriter } from '../../contract/journal.ts';
import type { Bearer } from '../../contract/road.ts';
import { freezeRequest } from '../../model/action-request.ts';
import type { Json } from '../../model/json.ts';
import { refusalIn, Refused, type Refusal, type RefusalCode } from '../../model/refusal.ts';
import { askAboutToken } from '../../road/credential-question.ts';
import { NotPermitted } from '../../road/not-permitted.ts';
import type { Questions } from '../../road/questions.ts';

/** Who was refused what by the API. */
export interface ApiSeen {
  readonly method: string;
  readonly path: string;
  readonly peer: string;
  readonly bearer?: Bearer;
  /** A token was presented, and `identity` has journaled why it was not taken. */
  readonly isNoted: boolean;
}

/** What the API refuses is evidence too: an agent that tries to approve its own hold does it here. */
export interface ApiRefusals {
  /** The refusal as it is answered, with a hold where a credential or a right was lacking (E3). Never throws. */
  refused(thrown: unknown, seen: ApiSeen): Promise<Refusal>;
  /** Writes what is counted and not written. */
  close(): Promise<void>;
}

const windowMs = 60_000;
/** Different refusals a minute that are written as they happen; what comes after them is in the sum of the minute. */
const writtenAtOnce = 8;
/** Lines of that sum; all others are one line more. */
const linesAtMost = 64;

interface Line {
  readonly code: RefusalCode;
  readonly peer: string;
  readonly principal: string | undefined;
  count: number;
}

/** At most nine entries a minute, whoever asks how often: refusing must not fill the disk. */
export function openApiRefusals(parts: {
  readonly journal: JournalWriter;
  readonly clock: Clock;
  readonly questions: Questions;
  readonly diagnose: (where: string, cause: unknown) => void;
}): ApiRefusals {
  const { journal, clock, questions, diagnose } = parts;
  let lines = new Map<string, Line>();
  let from = clock.now();
  let atOnce = 0;
  let timer: NodeJS.Timeout | undefined;

  const write = async (draft: Parameters<JournalWriter['record']>[0]): Promise<void> => {
    await journal.record(draft).catch((cause: unknown) => diagnose('api refusals', cause));
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const taken = [...lines.values()].filter((line) => line.count > 0);
    const began = from;
    lines = new Map();
    atOnce = 0;
    from = clock.now();
    if (taken.length === 0) return;
    const count = taken.reduce((sum, line) => sum + line.count, 0);
    const refusals = taken.map((line) => ({ ...line })) as unknown as Json;
    await write({
      kind: 'refused',
      gate: 'api',
      body: { from: isoTime(began), to: isoTime(clock.now()), count, refusals },
    });
  };

  const note = async (refusal: Refusal, seen: ApiSeen): Promise<void> => {
    const principal = seen.bearer?.principal.name;
    const key = JSON.stringify([seen.peer, refusal.code, principal]);
    const known = lines.get(key);
    const isNew = known === undefined && lines.size < linesAtMost;
    const fallback = { code: refusal.code, peer: 'others', principal: undefined, count: 0 };
    const line = known ?? (isNew ? { ...fallback, peer: seen.peer, principal } : (lines.get('others') ?? fallback));
    lines.set(known !== undefined || isNew ? key : 'others', line);
    timer ??= setTimeout(() => void flush(), windowMs).unref();
    if (!isNew || atOnce >= writtenAtOnce) {
      line.count += 1;
      return;
    }
    atOnce += 1;
    await write({
      kind: 'refused',
      gate: 'api',
      ...(seen.bearer === undefined ? {} : { principal: seen.bearer.principal.name, token: seen.bearer.token.id }),
      body: {
        code: refusal.code,
        detail: refusal.detail.slice(0, 280).toWellFormed(),
        asked: `${seen.method} ${seen.path}`.slice(0, 200).toWellFormed(),
        peer: seen.peer,
        question: refusal.hold,
      },
    });
  };

  return {
    async refused(thrown, seen) {
      if (!(thrown instanceof Refused)) diagnose('api', thrown);
      const refusal = await asked(questions, thrown, seen).catch(() => refusalIn(thrown));
      if (!seen.isNoted || refusal.code !== 'BAD_TOKEN') await note(refusal, seen);
      return refusal;
    },
    close: flush,
  };
}

async function asked(questions: Questions, thrown: unknown, seen: ApiSeen): Promise<Refusal> {
  const refusal = refusalIn(thrown);
  const { bearer, peer } = seen;
  if (!(thrown instanceof NotPermitted) || bearer === undefined)
    return askAboutToken(questions, refusal, { gate: 'api', peer: { address: peer } });
  const { principal, token } = bearer;
  const hold = await questions.ask({
    request: freezeRequest({
      schema: 'holdpoint/action/v1',
      principal,
      token: token.id,
      gate: 'api',
      upstream: 'none',
      environments: [],
      actions: [],
      settings: { question: 'outside-scope', peer },
      plan: { steps: [], effect: 0 },
      affected: null,
    }),
    text: `${principal.name}, which is no human, asked holdpoint itself for what only humans may: ${seen.method} ${seen.path.slice(0, 120)}`,
    answer: 'find out what it wants; it has no way to approve anything with its token',
    rule: 'outside-scope',
    alarm: 'denied',
    tokenPurpose: token.purpose,
  });
  return hold === undefined
    ? refusal
    : { ...refusal, detail: `${refusal.detail}; a human is asked (${hold.code})`, hold: hold.code };
}
