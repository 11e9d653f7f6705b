import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { Place } from '../stage/place.ts';
import type { BackupKit } from '../../src/contract/backup-kit.ts';

/** All that whoever brings a server back has: no daemon, nothing of the provider's. */
export interface InHand {
  readonly kit: BackupKit;
  /** `AGE-SECRET-KEY-1…`, from paper. */
  readonly identity: string;
  /** Of the bucket: may list and get. */
  readonly access: { readonly keyId: string; readonly secret: string };
}

/** A server that `holdpoint restore` brought back, for as long as the command runs. */
export interface BroughtBack {
  /** Its superuser, on a socket that no other user reaches. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * `holdpoint restore` as a process of its own, in a home where there is nothing of the daemon's. `as`: a short name, since a
 * socket's path is bounded. Throws with what it said when it ends before the server is up.
 */
export async function bringBack(place: Place, as: string, { kit, identity, access }: InHand): Promise<BroughtBack> {
  const home = place.folder(`${as}-by`);
  const [kitFile, paper] = [path.join(home, 'kit.json'), path.join(home, 'paper')];
  fs.writeFileSync(kitFile, JSON.stringify(kit));
  fs.writeFileSync(paper, identity, { mode: 0o600 });
  const program = path.join(import.meta.dirname, '..', '..', 'bin', 'holdpoint.js');
  const asked = ['restore', kit.name, '--kit', kitFile, '--identity', paper, '--private', '--json'];
  const child = spawn(process.execPath, [program, ...asked, '--as', path.join(place.path, as)], {
    cwd: home,
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: home,
      HOLDPOINT_DATA: path.join(home, 'no-daemon'),
      AWS_ACCESS_KEY_ID: access.keyId,
      AWS_SECRET_ACCESS_KEY: access.secret,
      LC_ALL: 'C.UTF-8',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit').catch(() => undefined);
  let wrong = '';
  child.on('error', (error) => (wrong += error.message));
  child.stderr.on('data', (chunk: Buffer) => (wrong = (wrong + chunk.toString()).slice(-2_000)));
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
  place.atExit(() => child.kill('SIGTERM'));
  place.atEnd(stop);
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    const up = upIn(said);
    if (up === undefined) continue;
    if (up.socket === undefined || up.user === undefined) break;
    const port = /\.(\d+)$/.exec(up.socket)?.[1] ?? '5432';
    return {
      url: `postgresql://${up.user}@localhost:${port}/postgres?host=${encodeURIComponent(path.dirname(up.socket))}`,
      stop,
    };
  }
  await ended;
  throw new Error(`holdpoint ${asked.slice(0, 2).join(' ')}: ${wrong.trim() || said.trim() || 'it ended'}`);
}

/** Its answer is one JSON value on several lines: where the server is, or what was wrong. */
function upIn(text: string): { readonly socket?: string; readonly user?: string } | undefined {
  try {
    return JSON.parse(text) as { readonly socket?: string; readonly user?: string };
  } catch {
    return undefined;
  }
}
