import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { AttackerReport, Target } from './target.ts';
import { ask } from './attacks/ask.ts';
import { judgeFound } from './found.ts';
import type { Api } from '../api/api.ts';
import { Complaint } from '../complaint.ts';
import { launchAgent } from '../daemon/launch.ts';
import { moduleIn, packageRoot } from '../daemon/house.ts';
import type { OsUser } from '../exec/os-user.ts';
import type { Attempt } from '../../features/doctor/tier.ts';

const patienceMs = 180_000;

/**
 * Makes every attack as that user, in a process of its own, and judges what it found. `switching` says whether another
 * user than ours is meant. Throws `Complaint` where the attacks could not be made at all.
 */
export async function attackAs(
  user: OsUser,
  switching: boolean,
  target: Target,
  api: Api,
  progress: (line: string) => void,
): Promise<readonly Attempt[]> {
  // What the daemon runs, others can read: our own program may lie in a home that they cannot enter.
  const house = switching ? target.program : { root: packageRoot, node: process.execPath };
  const aimed = { ...target, commandLine: target.commandLine.replace(packageRoot, house.root) };
  const report = await reportOf(user, switching, house, aimed, progress);
  if (report.uid !== user.uid)
    throw new Complaint(`the attacks ran as uid ${report.uid}, not as \`${user.name}\``, 'nothing is proved by them');
  const credentials = await judgeFound(report, target, api);
  return [...(await corrected(report.attempts, target)), ...credentials];
}

async function reportOf(
  user: OsUser,
  switching: boolean,
  house: { readonly root: string; readonly node: string },
  target: Target,
  progress: (line: string) => void,
): Promise<AttackerReport> {
  const args = ['--disable-warning=ExperimentalWarning', moduleIn(house.root, 'cli/doctor/attacker')];
  const launch = switching ? launchAgent(user, house.node, args) : { program: house.node, args, as: {} };
  const child = spawn(launch.program, launch.args, {
    ...launch.as,
    cwd: '/',
    // A session of its own: none of what it tries can ask at our terminal.
    detached: true,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', HOME: user.home, USER: user.name, LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (cause) => resolve(cause.message));
    child.once('close', (code) => resolve(`it ended with ${code ?? 'a signal'}`));
  });
  // One that could not start reads nothing, which is told by how it ended.
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(target));
  const [said, complained, how] = await Promise.all([text(child.stdout), complaints(child.stderr, progress), ended]);
  clearTimeout(timer);
  try {
    return JSON.parse(said) as AttackerReport;
  } catch (cause) {
    throw new Complaint(`the attacks could not be made as \`${user.name}\`: ${how}`, 'see the lines above', {
      cause,
      lines: complained.split('\n'),
    });
  }
}

/** What the attacker complains of; how far it is goes on at once. It is another user's process: nothing else of it is shown. */
async function complaints(stderr: Readable, progress: (line: string) => void): Promise<string> {
  const said: string[] = [];
  for await (const line of createInterface({ input: stderr })) {
    if (/^looked at \d{1,9} files$/.test(line)) progress(line);
    else if (said.length < 6) said.push(line);
  }
  return said.join('\n');
}

/** What is refused where nobody gets through proves nothing: we ourselves have to. */
async function corrected(attempts: readonly Attempt[], target: Target): Promise<readonly Attempt[]> {
  return Promise.all(
    attempts.map(async (one): Promise<Attempt> => {
      if (one.attack !== 'go-round' || one.outcome !== 'refused') return one;
      const answers = await Promise.all(target.providers.map((origin) => ask('GET', `${origin}/`)));
      if (answers.every(({ status }) => status !== undefined)) return one;
      return { ...one, outcome: 'unclear', detail: `nobody on this machine reaches it now: ${one.detail}` };
    }),
  );
}
