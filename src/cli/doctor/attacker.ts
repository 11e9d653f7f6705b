import { text } from 'node:stream/consumers';
import { becomeAnother } from './attacks/become-another.ts';
import { changeProgram } from './attacks/change-program.ts';
import { findCandidates } from './attacks/find-credentials.ts';
import { goRound } from './attacks/go-round.ts';
import { mintToken } from './attacks/mint-token.ts';
import { openInspector } from './attacks/open-inspector.ts';
import { readFiles } from './attacks/read-files.ts';
import { readProcess } from './attacks/read-process.ts';
import { signalDaemon } from './attacks/signal-daemon.ts';
import { traceProcess } from './attacks/trace-process.ts';
import { useApi } from './attacks/use-api.ts';
import { useCommandLine } from './attacks/use-command-line.ts';
import { writeFiles } from './attacks/write-files.ts';
import { attempt, codeOf, type AttackerReport, type Target, type Try } from './target.ts';
import type { Attempt } from '../../features/doctor/tier.ts';
import type { AttackName } from '../../features/doctor/attacks.ts';

/** Finding credentials is judged by the parent, who may ask what the vault keeps. */
const tries: { readonly [name in Exclude<AttackName, 'find-credentials'>]: Try } = {
  'read-files': readFiles,
  'write-files': writeFiles,
  'read-process': readProcess,
  'trace-process': traceProcess,
  'open-inspector': openInspector,
  'signal-daemon': signalDaemon,
  'change-program': changeProgram,
  'become-another': becomeAnother,
  'use-command-line': useCommandLine,
  'use-api': useApi,
  'mint-token': mintToken,
  'go-round': goRound,
};

/** The attacker's own process: started as the agent's user, told its target on stdin, it writes one report to stdout. */
/** How far the search is; the parent shows lines of this form and no others. */
const tell = (files: number): void => void process.stderr.write(`looked at ${files} files\n`);

async function main(): Promise<void> {
  const target = JSON.parse(await text(process.stdin)) as Target;
  const attempts: Attempt[] = [];
  for (const [name, run] of Object.entries(tries) as [AttackName, Try][]) {
    try {
      attempts.push(...(await run(target)));
    } catch (thrown) {
      attempts.push(attempt(name, 'unclear', `it could not be tried: ${codeOf(thrown)}`));
    }
  }
  const report: AttackerReport = { uid: process.getuid?.() ?? -1, attempts, ...findCandidates(target, tell) };
  process.stdout.write(JSON.stringify(report));
}

await main();
