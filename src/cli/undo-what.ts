import { misused } from './complaint.ts';
import type { Invocation } from './invocation.ts';

/** What a human wants taken back, as the daemon is asked for it. */
export interface UndoWhat {
  /** One before-image by its id, where that is what was named. */
  readonly image?: string;
  /** Of `/v1/undo-plan`. */
  readonly query: string;
}

const named = 'name an entry of the journal, a hold, an agent, a moment (since 14:05) or an id: holdpoint undo list';

/**
 * Reads `<entry|hold|agent|id>`, `since <time>` and the options `--agent`, `--since` and `--environment`. Undefined where none
 * is given. Throws `Complaint`.
 */
export function undoWhat(invocation: Invocation, now: number = Date.now()): UndoWhat | undefined {
  const [what, time] = [invocation.word(0), invocation.word(1)];
  const since = invocation.text('since');
  const agent = invocation.text('agent');
  const environment = invocation.text('environment');
  const options = {
    ...(agent === undefined ? {} : { agent }),
    ...(since === undefined ? {} : { since: momentIn(since, now) }),
    ...(environment === undefined ? {} : { environment }),
  };
  if (what === undefined) {
    if (Object.keys(options).length === 0) return undefined;
    if (agent === undefined && since === undefined)
      throw misused('an environment alone names no acts', 'add --agent <name> or --since <time>');
    return span(options);
  }
  if (what === 'since') {
    if (time === undefined) throw misused('since when?', 'write a time of today or a whole one: since 14:05');
    if (since !== undefined) throw misused('a moment is named twice', 'leave --since out');
    return span({ ...options, since: momentIn(time, now) });
  }
  if (time !== undefined) throw misused(`\`${time}\` has no place here`, named);
  if (isTime(what)) {
    if (since !== undefined) throw misused('a moment is named twice', 'leave --since out');
    return span({ ...options, since: momentIn(what, now) });
  }
  const one = oneAct(what);
  if (one !== undefined) {
    if (Object.keys(options).length > 0)
      throw misused(`\`${what}\` is one act, which nothing narrows`, 'leave --agent, --since and --environment out');
    return one;
  }
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(what)) throw misused(`\`${what}\` is nothing that can be undone`, named);
  if (agent !== undefined) throw misused('an agent is named twice', 'leave --agent out');
  return span({ ...options, agent: what });
}

function oneAct(what: string): UndoWhat | undefined {
  if (what.startsWith('im_')) return { image: what, query: new URLSearchParams({ image: what }).toString() };
  if (/^hp_/i.test(what)) return { query: new URLSearchParams({ hold: what }).toString() };
  const [, entry] = /^#?(\d{1,12})$/.exec(what) ?? [];
  return entry === undefined ? undefined : { query: new URLSearchParams({ entry }).toString() };
}

function span(members: { readonly [name: string]: string }): UndoWhat {
  return { query: new URLSearchParams(members).toString() };
}

function isTime(text: string): boolean {
  return /^\d\d?:\d\d/.test(text) || /^\d{4}-\d\d-\d\d/.test(text);
}

/** ISO 8601 in UTC of `14:05`, `14:05:30` (today, by this machine's clock) or an ISO time; local where it names no zone. */
export function momentIn(text: string, now: number): string {
  const [, hours = '', minutes = '', seconds = '0'] = /^(\d\d?):(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  const at = hours === '' ? wholeTime(text) : today(now, Number(hours), Number(minutes), Number(seconds));
  if (at === undefined || Number.isNaN(at))
    throw misused(`\`${text}\` is no time`, 'write 14:05, 2026-11-23T14:05 or 2026-11-23T14:05:00Z');
  if (at > now)
    throw misused(`\`${text}\` is yet to come`, 'for another day than today write the date: 2026-11-23T14:05');
  return new Date(at).toISOString();
}

function wholeTime(text: string): number | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return Date.parse(`${text}T00:00`);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?$/.test(text) ? Date.parse(text) : undefined;
}

function today(now: number, hours: number, minutes: number, seconds: number): number | undefined {
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return new Date(now).setHours(hours, minutes, seconds, 0);
}
