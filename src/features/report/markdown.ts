import { block, cell, code, plain } from './quoted.ts';
import type { Ask, Effect, IncidentReport, MintedToken, TimelineLine, Verified, Word } from './report.ts';

/** More asks than this are told in the timeline alone; the JSON has them all. */
const asksInFull = 40;

/** The report for people, as Markdown lines. What agents and providers wrote is quoted and cannot be anything but text. */
export function reportLines(report: IncidentReport): readonly string[] {
  return [
    `# Incident report: ${title(report)}`,
    '',
    `From ${report.from || '–'} to ${report.to || '–'}. Made of the journal alone; nothing in it is an agent's account of itself.`,
    ...section('In short', summary(report)),
    ...section('Whose token it was, who made it and what for', report.tokens.flatMap(tokenLines)),
    ...section('What was asked, and which rule fired', askedLines(report.asked)),
    ...section('Who signed, and who refused', report.words.map(wordLine)),
    ...section('What took effect', report.effects.map(effectLine)),
    ...section(
      'What came back',
      report.cameBack.map((one) => backLine(one)),
    ),
    ...section('What did not come back', report.didNotComeBack.map(effectLine)),
    ...section('Freezes', report.freezes.map(shortLine)),
    ...section('Real credentials that were shown', report.exposures.map(shortLine)),
    ...section('Timeline', timelineLines(report.timeline)),
    ...section('How far this can be believed', beliefLines(report)),
    ...section(
      'What the journal does not say',
      report.notKnown.map((one) => `- ${plain(one)}`),
    ),
  ];
}

function title({ subject }: IncidentReport): string {
  if (subject.kind === 'hold') return `hold ${plain(subject.hold)}`;
  return subject.kind === 'agent' ? `agent ${plain(subject.agent)}` : `${subject.from} to ${subject.to}`;
}

function section(heading: string, lines: readonly string[]): readonly string[] {
  return ['', `## ${heading}`, '', ...(lines.length === 0 ? ['Nothing.'] : lines)];
}

function summary(report: IncidentReport): readonly string[] {
  const { asked, words, effects, cameBack, didNotComeBack, tiers } = report;
  const of = (outcome: Ask['outcome']): number => asked.filter((one) => one.outcome === outcome).length;
  const done = effects.filter((one) => one.outcome === 'done').length;
  return [
    `- asked: ${of('held')} held, ${of('refused')} refused, ${of('question')} put as a question, ${of('ran')} ran without a signature`,
    `- people: ${words.filter((one) => one.said !== 'denied').length} signatures, ${words.filter((one) => one.said === 'denied').length} denials`,
    done === 0
      ? '- **nothing took effect**'
      : `- took effect: ${done}, of which ${didNotComeBack.filter((one) => one.outcome === 'done').length} stand`,
    `- taken back, stopped or ended: ${cameBack.length}`,
    `- tier when it happened: ${tiers.length === 0 ? 'not said' : tiers.map(plain).join(', ')}`,
  ];
}

function tokenLines(token: MintedToken): readonly string[] {
  const { mintedBy, revoked, operations } = token;
  const what = operations === 'all' ? 'every operation' : operationWords(operations, token.presets);
  return [
    `- ${code(token.id)} of ${plain(token.kind)} **${plain(token.principal)}**, made for: ${token.purpose === '' ? 'nothing was said' : code(token.purpose)}`,
    `  - it admits ${what} in ${token.environments.map(plain).join(', ') || 'no environment'}; good from ${token.createdAt} to ${token.expiresAt}`,
    mintedBy === undefined
      ? '  - no signature made it: holdpoint makes such a token for itself when it starts first'
      : `  - made by **${plain(mintedBy.name)}** with a signature (${code(mintedBy.signer)}, ${mintedBy.at}, entry ${mintedBy.entry})`,
    ...(revoked === undefined ? [] : [`  - revoked at ${revoked.at} by ${plain(revoked.by || 'somebody')}`]),
  ];
}

function operationWords(operations: readonly string[], presets: readonly string[]): string {
  if (presets.length > 0) return `${presets.map(code).join(', ')} (${operations.length} operations)`;
  return operations.length <= 8 ? operations.map(code).join(', ') : `${operations.length} operations`;
}

function askedLines(asked: readonly Ask[]): readonly string[] {
  const rest = asked.length - asksInFull;
  return [
    ...asked.slice(0, asksInFull).flatMap(askLines),
    ...(rest > 0 ? [`And ${rest} more: see the timeline.`] : []),
  ];
}

function askLines(ask: Ask): readonly string[] {
  const became = {
    held: 'held',
    question: 'refused, a human was asked',
    refused: 'refused',
    ran: 'ran without a signature',
  };
  return [
    `### ${ask.at}: ${plain(ask.operations.join(', ') || 'no operation')}, ${became[ask.outcome]}${ask.hold === '' ? '' : ` (${plain(ask.hold)})`}`,
    '',
    `- by ${plain(ask.principal || 'somebody unknown')}, token ${code(ask.token)}, through the ${plain(ask.gate)} gate; entry ${ask.entry}`,
    ...(ask.resources.length === 0 ? [] : [`- on ${ask.resources.map(code).join('; ')}`]),
    `- rule: ${ask.rules.length === 0 ? 'none of the policy' : ask.rules.map(code).join(', ')}`,
    ...ask.reasons.map((reason) => `- because: ${plain(reason)}`),
    ...(ask.digest === '' ? [] : [`- digest ${code(ask.digest)}`]),
    ...(ask.exact.length === 0 ? [] : ['- exactly this, the credential left out:', '']),
    ...ask.exact.flatMap((text) => [...block(text), '']),
    '',
  ];
}

function wordLine(word: Word): string {
  const how = word.signed ? `with the key ${code(word.signer)}` : 'unsigned';
  const proof = word.proofOfHuman === false ? '; at tier T0 this is no proof of a human' : '';
  const typed = word.typed === '' ? '' : `; typed ${code(word.typed)}`;
  const note = word.note === '' ? '' : `; said ${code(word.note)}`;
  const window = word.window === '' ? '' : `; good ${word.window}`;
  return `- ${word.at}: **${plain(word.by)}** ${word.said} hold ${code(word.hold)}, ${how}${typed}${note}${window}${proof} (entry ${word.entry})`;
}

function effectLine(effect: Effect): string {
  const outcome = {
    done: `done, proved at ${effect.settledAt}`,
    failed: 'failed: it did not take effect',
    unknown: 'sent, and what came of it is NOT KNOWN',
    open: 'recorded, and the journal does not say what came of it',
  }[effect.outcome];
  const by = effect.hold === '' ? 'without a signature' : `from hold ${code(effect.hold)}`;
  const back = effect.undoneAt === '' ? '' : `; taken back at ${effect.undoneAt}`;
  const image =
    effect.image === '' || effect.undoneAt !== '' ? '' : `; can be taken back: holdpoint undo ${plain(effect.image)}`;
  return `- ${effect.at}: ${effect.operations.map(code).join(', ')} on ${effect.resources.map(code).join('; ') || 'nothing named'}, ${by}: ${outcome}${back}${image} (entry ${effect.entry})`;
}

function backLine(one: IncidentReport['cameBack'][number]): string {
  const not = one.notUndone.length === 0 ? '' : `; not undone: ${one.notUndone.map(plain).join('; ')}`;
  const conflicts = one.conflicts.length === 0 ? '' : `; written over: ${one.conflicts.map(plain).join('; ')}`;
  return `- ${one.at}: ${plain(one.what)} ${one.how}${one.by === '' ? '' : `, by ${plain(one.by)}`}${not}${conflicts} (entry ${one.entry})`;
}

function shortLine(line: TimelineLine): string {
  return `- ${line.at}: ${line.kind}${line.who === '' ? '' : ` by ${plain(line.who)}`}: ${plain(line.what)} (entry ${line.entry})`;
}

function timelineLines(timeline: readonly TimelineLine[]): readonly string[] {
  if (timeline.length === 0) return [];
  return [
    '| entry | at | kind | who | what |',
    '|---|---|---|---|---|',
    ...timeline.map(
      (line) =>
        `| ${line.entry} | ${line.at} | ${cell(line.kind)} | ${cell(line.who)} | ${cell(line.what.slice(0, 400))} |`,
    ),
  ];
}

function beliefLines({ journal, gaps }: IncidentReport): readonly string[] {
  return [
    `- the journal has ${journal.size} entries${journal.leftOut === 0 ? '' : `; ${journal.leftOut} that belong here were too many and are left out`}`,
    ...verifiedLines(journal.verified),
    ...(gaps.length === 0 ? ['- no gap and no step of the clock lies in this time'] : gaps.map(shortLine)),
  ];
}

function verifiedLines(verified: Verified | undefined): readonly string[] {
  if (verified === undefined) return ['- it was NOT verified'];
  const { ok, entries, signed, root, publicKey, keyFromDaemon, retained, findings } = verified;
  return [
    ok
      ? `- verified whole: ${entries} entries, ${signed} under signed checkpoints, root ${code(root)}`
      : `- **NOT WHOLE**: ${findings.map(plain).join('; ')}`,
    `- by the key ${code(publicKey)}${keyFromDaemon ? ', which came from the daemon itself; keep it elsewhere and give --public-key' : ''}`,
    retained === 0
      ? '- not compared with a checkpoint kept elsewhere: a journal cut short would not show; give --checkpoint'
      : `- compared with ${retained} checkpoints kept elsewhere`,
  ];
}
