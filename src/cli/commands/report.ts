import { createReadStream, existsSync } from 'node:fs';
import { keyIn, keyOfDaemon, retainedIn } from './journal.ts';
import type { Subject } from '../../features/report/evidence.ts';
import type { Verified } from '../../features/report/build.ts';
import { misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';

/** What happened, from the journal alone: for a hold, for an agent, for a time. */
export const report: Run = async (invocation) => {
  const { out } = invocation;
  const subject = subjectOf(invocation, Date.now());
  const [{ gather }, { buildReport }, { reportLines }, { linesOf }] = await Promise.all([
    import('../../features/report/evidence.ts'),
    import('../../features/report/build.ts'),
    import('../../features/report/markdown.ts'),
    import('../../features/verify/lines.ts'),
  ]);
  const path = invocation.text('file');
  if (path !== undefined && !existsSync(path)) throw misused(`\`${path}\` cannot be read`, 'name an exported journal');
  const lines = (): AsyncIterable<string> =>
    linesOf(path === undefined ? invocation.api().stream('/v1/journal/export') : createReadStream(path));
  const verified = await verifiedBy(invocation, lines);
  const evidence = await gather(subject, lines);
  if (evidence === undefined)
    throw misused(
      `the journal knows nothing of ${said(subject)}`,
      'see: holdpoint hold list --all; holdpoint token list --all',
    );
  const built = buildReport(evidence, verified);
  out.show(built, () => {
    for (const line of reportLines(built)) out.line(line);
  });
  if (verified?.ok === true) return exitCode.done;
  out.note(['danger', verified === undefined ? 'the journal was not verified' : 'the journal is NOT WHOLE']);
  return exitCode.failed;
};

/** The words of the command line as what they mean: a hold's code or id, an agent's name, or a time. */
function subjectOf(invocation: Invocation, now: number): Subject {
  const word = invocation.word(0);
  const since = invocation.text('since') === undefined ? undefined : now - invocation.duration('since', 0);
  const from = time(invocation, 'from') ?? (since === undefined ? undefined : new Date(since).toISOString());
  const to = time(invocation, 'to');
  if (word !== undefined && /^hp_/i.test(word)) {
    if (from !== undefined || to !== undefined)
      throw misused('a hold has its own time', 'leave out --since, --from and --to');
    return { kind: 'hold', hold: word };
  }
  if (word !== undefined)
    return {
      kind: 'agent',
      agent: word,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    };
  if (from === undefined)
    throw misused('a report is about something', 'name a hold or an agent, or give --since or --from');
  return { kind: 'time', from, to: to ?? new Date(now).toISOString() };
}

function time(invocation: Invocation, option: 'from' | 'to'): string | undefined {
  const text = invocation.text(option);
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw misused(`\`${text}\` is no time`, 'write it like 2026-04-24T18:00:00Z');
  return new Date(at).toISOString();
}

function said(subject: Subject): string {
  if (subject.kind === 'hold') return `a hold \`${subject.hold}\``;
  return subject.kind === 'agent' ? `an agent \`${subject.agent}\`` : 'that time';
}

/** Checked by code that shares nothing with what wrote the journal. */
async function verifiedBy(invocation: Invocation, lines: () => AsyncIterable<string>): Promise<Verified | undefined> {
  const given = invocation.text('publicKey');
  if (given === undefined && invocation.text('file') !== undefined) return undefined;
  const [{ verifyJournal }, { retainedCheckpoints }] = await Promise.all([
    import('../../features/verify/verify.ts'),
    import('../../features/verify/lines.ts'),
  ]);
  const publicKey = given === undefined ? await keyOfDaemon(invocation) : keyIn(given);
  const kept = invocation.list('checkpoint').map((file) => retainedIn(file, retainedCheckpoints));
  const retained = (await Promise.all(kept)).flat();
  const found = await verifyJournal({ entries: lines(), publicKey, retained });
  return {
    ok: found.ok,
    entries: found.entries,
    signed: found.signed,
    root: found.root,
    publicKey,
    keyFromDaemon: given === undefined,
    retained: found.retained,
    findings: found.findings.map((one) => `${one.kind}: ${one.message}`),
  };
}
