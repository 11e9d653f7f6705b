import type { ReplayChange, ReplayPage } from '../contract/api.ts';
import type { Api } from './api/api.ts';
import type { Invocation } from './invocation.ts';
import type { Piece } from './terminal/output.ts';

/** What a proposal would have decided otherwise, and how much of the journal was looked at. */
export interface Replay {
  readonly since: string;
  readonly judged: number;
  readonly skipped: number;
  /** Why it did not go back to `since`; absent when it did. */
  readonly stopped?: string;
  /** Those that widen first. */
  readonly changes: readonly ReplayChange[];
}

type Proposal = { readonly text: string; readonly policies: { readonly [name: string]: string } };

const kinds = ['intent', 'held'] as const;
const progressEveryMs = 1_000;
const shownAtMost = 20;

/** Judges what was journaled again, page by page from the newest, within a time; says how far it is. */
export async function replayed(
  invocation: Invocation,
  api: Api,
  proposal: Proposal,
  bounds: { readonly forMs: number; readonly sinceMs: number },
): Promise<Replay> {
  const { out } = invocation;
  const began = Date.now();
  const since = new Date(began - invocation.duration('since', bounds.sinceMs)).toISOString();
  const until = began + invocation.duration('for', bounds.forMs);
  const changes: ReplayChange[] = [];
  let judged = 0;
  let skipped = 0;
  let told = began;
  for (const kind of kinds) {
    let before: number | undefined;
    do {
      if (Date.now() >= until)
        return {
          since,
          judged,
          skipped,
          changes: together(changes),
          stopped: `the time was up after ${judged} requests`,
        };
      const page: ReplayPage = await api.post('/v1/policy/replay', {
        ...proposal,
        kind,
        since,
        ...(before === undefined ? {} : { before }),
      });
      changes.push(...page.changes);
      judged += page.judged;
      skipped += page.skipped;
      before = page.next;
      if (Date.now() - told >= progressEveryMs) {
        told = Date.now();
        out.note(['faint', `replaying the journal: ${judged} requests, ${changes.length} kinds of change so far`]);
      }
    } while (before !== undefined);
  }
  return { since, judged, skipped, changes: together(changes) };
}

/** Equal changes of several pages as one, those that widen first, then the most frequent. */
function together(changes: readonly ReplayChange[]): readonly ReplayChange[] {
  const found = new Map<string, ReplayChange>();
  for (const change of changes) {
    const { from, to, widens, operations, environments, principalKind, rules } = change;
    const key = JSON.stringify([from, to, widens, operations, environments, principalKind, rules]);
    const known = found.get(key);
    if (known === undefined) {
      found.set(key, change);
      continue;
    }
    const principals = [...new Set([...known.principals, ...change.principals])].slice(0, 5);
    const latest = known.latest.entry >= change.latest.entry ? known.latest : change.latest;
    found.set(key, { ...known, count: known.count + change.count, principals, latest });
  }
  return [...found.values()].sort(
    (left, right) => Number(right.widens) - Number(left.widens) || right.count - left.count,
  );
}

/** Lines of a replay: what widens stands first, and is marked. */
export function printReplay(found: Replay, line: (...pieces: readonly Piece[]) => void): void {
  const { changes, judged, skipped, since, stopped } = found;
  const widening = changes.filter((one) => one.widens).length;
  const verdict: Piece =
    changes.length === 0
      ? ['good', 'no decision changes']
      : [widening > 0 ? 'danger' : 'warning', `${changes.length} kinds of decision change`];
  line(
    ['strong', 'replayed '],
    `${judged} requests since ${since}: `,
    verdict,
    widening > 0 ? `, ${widening} of them widen` : '',
  );
  for (const one of changes.slice(0, shownAtMost)) {
    line(
      [one.widens ? 'danger' : 'warning', one.widens ? '  WIDENS ' : '  narrows '],
      `${one.from} → ${one.to}${one.from === one.to ? `, with ${one.widens ? 'less' : 'more'} asked of people` : ''}: ${one.operations.join(', ')} in ${one.environments.join(', ')} by ${one.principalKind} ${one.principals.join(', ')}, ${one.count}×`,
    );
    line([
      'faint',
      `    ${one.rules.join(', ')}; the newest: entry ${one.latest.entry}, ${one.latest.at}${one.latest.code === undefined ? '' : `, ${one.latest.code}`}`,
    ]);
  }
  if (changes.length > shownAtMost) line(`  and ${changes.length - shownAtMost} more: see --json`);
  if (skipped > 0) line(['warning', `  ${skipped} could not be judged again: their tokens are gone`]);
  if (stopped !== undefined) line(['warning', `  it did not go further back: ${stopped}; give it longer with --for`]);
}
