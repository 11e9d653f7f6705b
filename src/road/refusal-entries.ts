import { isoTime, type Clock } from '../contract/clock.ts';
import type { JournalWriter } from '../contract/journal.ts';
import type { EntryDraft } from '../model/entry.ts';

/**
 * Entries of what was refused and nothing else bounds: whoever is refused again and again must not fill the disk. What takes
 * effect, is held, or counts for an agent's velocity never goes this way.
 */
export interface RefusalEntries {
  /**
   * Writes it, or counts it for the sum of the minute; true once it is durable, false where it was counted. One token has eight
   * of one reason at once and one a minute after that. It stands for so many refusals. Throws what the journal throws.
   */
  note(draft: EntryDraft, reason: string, standsFor?: number): Promise<boolean>;
  /** Writes what is counted and not written. */
  close(): Promise<void>;
}

const windowMs = 60_000;
const atOnce = 8;
/** Tokens are made by humans and reasons are few; beyond this nobody has a line of their own. */
const linesAtMost = 1_000;

interface Line {
  /** What is the same for all of them. */
  readonly draft: EntryDraft;
  readonly reason: string;
  allowance: number;
  refilledAt: number;
  count: number;
  from: number;
}

export interface RefusalEntriesParts {
  readonly journal: Pick<JournalWriter, 'record'>;
  readonly clock: Clock;
  readonly diagnose: (where: string, cause: unknown) => void;
}

export function openRefusalEntries(parts: RefusalEntriesParts): RefusalEntries {
  const { journal, clock, diagnose } = parts;
  const lines = new Map<string, Line>();
  let timer: NodeJS.Timeout | undefined;

  const lineOf = (draft: EntryDraft, reason: string): Line => {
    const isFull = lines.size >= linesAtMost;
    const named = JSON.stringify([draft.token, draft.gate, reason]);
    const key = lines.has(named) || !isFull ? named : 'others';
    const known = lines.get(key);
    if (known !== undefined) return known;
    const { principal, token, gate } = draft;
    const who = {
      ...(principal === undefined ? {} : { principal }),
      ...(token === undefined ? {} : { token }),
      ...(gate === undefined ? {} : { gate }),
    };
    const same = { kind: draft.kind, ...(key === 'others' ? {} : who), body: { code: draft.body['code'] } };
    const line = { draft: same, reason, allowance: atOnce, refilledAt: clock.now(), count: 0, from: 0 };
    lines.set(key, line);
    return line;
  };

  const count = (line: Line, more: number, from: number): void => {
    if (line.count === 0) line.from = from;
    line.count += more;
    timer ??= setTimeout(() => void flush(), windowMs).unref();
  };

  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    for (const [key, line] of lines) {
      const { count: counted, from } = line;
      line.count = 0;
      if (counted > 0) {
        const draft = summed(line, counted, from, clock.now());
        await journal.record(draft).catch((cause: unknown) => {
          diagnose('refusals', cause);
          count(line, counted, from);
        });
      } else {
        refill(line, clock.now());
        if (line.allowance === atOnce) lines.delete(key);
      }
    }
    // What was given back meanwhile is forgotten in time, too.
    if (lines.size > 0) timer ??= setTimeout(() => void flush(), windowMs).unref();
  };

  return {
    async note(draft, reason, standsFor = 1) {
      const line = lineOf(draft, reason);
      refill(line, clock.now());
      if (line.allowance < 1) {
        count(line, standsFor, clock.now());
        return false;
      }
      line.allowance -= 1;
      timer ??= setTimeout(() => void flush(), windowMs).unref();
      await journal.record(draft);
      return true;
    },
    async close() {
      await flush();
      clearTimeout(timer);
    },
  };
}

function refill(line: Line, now: number): void {
  const whole = Math.floor((now - line.refilledAt) / windowMs);
  if (whole < 1) return;
  line.allowance = Math.min(atOnce, line.allowance + whole);
  line.refilledAt += whole * windowMs;
}

function summed({ draft, reason }: Line, count: number, from: number, to: number): EntryDraft {
  const detail = `${count} more of these (${reason}), which are only counted`;
  return { ...draft, body: { ...draft.body, detail, count, from: isoTime(from), to: isoTime(to) } };
}
