import type { Entry } from '../../model/entry.ts';
import { asksOf, cameBackOf, effectsOf } from './acts.ts';
import type { Evidence } from './evidence.ts';
import { signerNames, tokensOf, wordsOf } from './people.ts';
import { listIn, operationsIn, requestIn, textIn, textsIn } from './read.ts';
import type { Ask, Effect, IncidentReport, TimelineLine, Verified, Word } from './report.ts';

export type { Verified } from './report.ts';

/** J2: who minted the token and for what, what was asked, which rule fired, who signed, what took effect, what came back. */
export function buildReport(evidence: Evidence, verified: Verified | undefined): IncidentReport {
  const { subject, events, standing, leftOut, size } = evidence;
  const names = signerNames(standing);
  const wanted = new Set(events.flatMap((entry) => entry.token ?? []));
  const codes = new Map<string, string>();
  for (const entry of events) if (entry.kind === 'held') codes.set(entry.hold ?? '', textIn(entry.body, 'code'));
  const timeline = events.map((entry) => told(entry, codes));
  const asked = asksOf(events);
  const words = wordsOf(events, names);
  const effects = effectsOf(events);
  const from = events[0]?.at ?? '';
  const to = events.at(-1)?.at ?? '';
  const tokens = tokensOf(standing, wanted);
  const gaps = standing
    .filter((entry) => (entry.kind === 'gap' || entry.kind === 'clock') && entry.at >= from && entry.at <= to)
    .map((entry) => told(entry, codes));
  return Object.freeze({
    schema: 'holdpoint/report/v1',
    subject,
    from,
    to,
    tiers: [...new Set(asked.map((one) => one.tier).filter((tier) => tier !== ''))],
    tokens,
    asked,
    words,
    effects,
    cameBack: cameBackOf(events),
    didNotComeBack: effects.filter((one) => one.outcome !== 'failed' && one.undoneAt === ''),
    freezes: timeline.filter(({ kind }) => kind === 'frozen' || kind === 'thawed'),
    exposures: timeline.filter(({ kind }) => kind === 'exposure'),
    timeline,
    gaps,
    notKnown: notKnown({ wanted, tokens: tokens.map((one) => one.id), asked, words, effects, verified }),
    journal: { size, leftOut, verified },
  });
}

/** One line for each entry; none of it is an agent's account of itself. */
function told(entry: Entry, codes: ReadonlyMap<string, string>): TimelineLine {
  const { index, at, kind, principal = '' } = entry;
  return { entry: index, at, kind, who: principal, what: what(entry, codes) };
}

function what(entry: Entry, codes: ReadonlyMap<string, string>): string {
  const { body, hold = '', gate = '' } = entry;
  const code = codes.get(hold) ?? hold;
  const operations = operationsIn(listIn(requestIn(entry), 'actions')).join(', ');
  const parts: { readonly [kind in Entry['kind']]?: readonly string[] } = {
    held: [operations, code, gate, textsIn(body, 'rules').join(', ')],
    intent: [operations, code, 'is about to be sent'],
    settled: [textIn(body, 'outcome'), code, textIn(body, 'refusedBy')],
    refused: [textIn(body, 'code'), textsIn(body, 'operations').join(', '), gate, textIn(body, 'detail')],
    exposure: [textIn(body, 'provider'), `fingerprint ${textIn(body, 'fingerprint')}`, gate],
    frozen: [textIn(body, 'agent') || 'all agents', textIn(body, 'why')],
    thawed: [textIn(body, 'agent') || 'all agents'],
    denied: [code, textIn(body, 'note')],
    'token-created': [entry.token ?? '', textIn(body, 'purpose')],
    'act-signed': [textIn(body, 'act'), code],
    gap: [textIn(body, 'missing')],
    undone: [textIn(body, 'image'), textsIn(body, 'notUndone').join('; ')],
    applied: [`policy ${textIn(body, 'policy')}`],
  };
  const said = parts[entry.kind] ?? [code, textIn(body, 'by'), textIn(body, 'reason')];
  return said.filter((part) => part !== '').join(' · ');
}

function notKnown(known: {
  readonly wanted: ReadonlySet<string>;
  readonly tokens: readonly string[];
  readonly asked: readonly Ask[];
  readonly words: readonly Word[];
  readonly effects: readonly Effect[];
  readonly verified: Verified | undefined;
}): readonly string[] {
  const { wanted, tokens, asked, words, effects, verified } = known;
  const unminted = [...wanted].filter((id) => !tokens.includes(id) && id !== 'none');
  return [
    ...unminted.map((id) => `who made token ${id}: its making is not in this journal`),
    ...asked
      .filter((one) => one.exact.length === 0 && one.operations.length > 0)
      .map((one) => `the exact text of what was refused in entry ${one.entry}: it was too long to be kept`),
    ...effects
      .filter((one) => one.outcome === 'unknown' || one.outcome === 'open')
      .map((one) => `whether ${one.operations.join(', ')} of entry ${one.entry} took effect`),
    ...words
      .filter((one) => one.proofOfHuman === false)
      .map((one) => `that it was a human who signed entry ${one.entry}: at tier T0 a signature is no proof of one`),
    ...(verified === undefined ? ['whether the journal is whole: it was not verified'] : []),
    ...(verified?.retained === 0 ? ['whether the journal was cut short: no checkpoint kept elsewhere was given'] : []),
  ];
}
