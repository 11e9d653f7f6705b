import type { Entry } from '../../model/entry.ts';
import { listIn, memberOf, messagesIn, operationsIn, requestIn, resourcesIn, textIn, textsIn } from './read.ts';
import type { Ask, CameBack, Effect } from './report.ts';

/** Everything that was asked for: held, refused, or run without being held. */
export function asksOf(events: readonly Entry[]): readonly Ask[] {
  return events.flatMap((entry) => {
    if (entry.kind === 'held' || (entry.kind === 'intent' && entry.hold === undefined)) return [askedFor(entry)];
    return entry.kind === 'refused' ? [refusedAsk(entry)] : [];
  });
}

function askedFor(entry: Entry): Ask {
  const { body, kind } = entry;
  const request = requestIn(entry);
  const actions = listIn(request, 'actions');
  const isQuestion = textIn(body, 'kind') === 'question';
  return {
    ...whose(entry),
    outcome: kind === 'intent' ? 'ran' : isQuestion ? 'question' : 'held',
    code: kind === 'intent' ? '' : isQuestion ? 'DENIED' : 'HELD',
    operations: operationsIn(actions),
    resources: resourcesIn(actions),
    environments: textsIn(request, 'environments'),
    exact: messagesIn(memberOf(request, 'plan')),
    hold: textIn(body, 'code'),
    rules: textsIn(body, 'rules'),
    reasons: textsIn(body, 'reasons'),
    tier: textIn(body, 'tier'),
  };
}

function refusedAsk(entry: Entry): Ask {
  const { body } = entry;
  const by = textIn(body, 'by');
  const rules = [...(by === 'scope' ? ['the scope of the token'] : []), ...textsIn(body, 'reasons')];
  return {
    ...whose(entry),
    outcome: 'refused',
    code: textIn(body, 'code'),
    operations: textsIn(body, 'operations'),
    resources: [],
    environments: [],
    exact: messagesIn(memberOf(body, 'plan')),
    hold: textIn(body, 'question'),
    rules,
    reasons: [textIn(body, 'detail')].filter((one) => one !== ''),
    tier: '',
  };
}

function whose(entry: Entry): Pick<Ask, 'entry' | 'at' | 'principal' | 'token' | 'gate' | 'digest'> {
  const { index, at, principal = '', token = '', gate = '', digest = '' } = entry;
  return { entry: index, at, principal, token, gate, digest };
}

/** Everything that was sent, with what was proved of it. */
export function effectsOf(events: readonly Entry[]): readonly Effect[] {
  const settled = new Map<string, Entry>();
  const undone = new Map<string, Entry>();
  for (const entry of events) {
    if (entry.kind === 'settled') settled.set(textIn(entry.body, 'clearance'), entry);
    if (entry.kind === 'undone') undone.set(textIn(entry.body, 'image'), entry);
  }
  return events
    .filter((entry) => entry.kind === 'intent')
    .map((entry): Effect => {
      const actions = listIn(requestIn(entry), 'actions');
      const end = settled.get(textIn(entry.body, 'clearance'));
      const image = textIn(entry.body, 'image');
      return {
        entry: entry.index,
        at: entry.at,
        operations: operationsIn(actions),
        resources: resourcesIn(actions),
        hold: entry.hold ?? '',
        outcome: outcomeIn(end),
        settledAt: end?.at ?? '',
        image,
        undoneAt: undone.get(image)?.at ?? '',
      };
    });
}

function outcomeIn(settled: Entry | undefined): Effect['outcome'] {
  if (settled === undefined) return 'open';
  const outcome = textIn(settled.body, 'outcome');
  return outcome === 'done' || outcome === 'failed' ? outcome : 'unknown';
}

/** What was stopped before it ran, or put back after. */
export function cameBackOf(events: readonly Entry[]): readonly CameBack[] {
  return events.flatMap((entry): readonly CameBack[] => {
    const { kind, body } = entry;
    if (kind !== 'undone' && kind !== 'cancelled' && kind !== 'withdrawn' && kind !== 'expired') return [];
    return [
      {
        entry: entry.index,
        at: entry.at,
        how: kind,
        what: kind === 'undone' ? `before-image ${textIn(body, 'image')}` : `hold ${entry.hold ?? ''}`,
        by: textIn(body, 'by') || (kind === 'undone' ? (entry.principal ?? '') : textIn(body, 'reason')),
        notUndone: textsIn(body, 'notUndone'),
        conflicts: textsIn(body, 'conflicts'),
      },
    ];
  });
}
