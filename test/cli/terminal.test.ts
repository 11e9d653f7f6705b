import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

const bin = join(import.meta.dirname, '../../bin/holdpoint.js');
const hasScript = spawnSync('script', ['--version']).status === 0;

/** Types into a terminal of its own: each answer once its question stands on the screen. Util-linux's `script` makes the terminal. */
async function typing(
  rig: Rig,
  args: readonly string[],
  answers: readonly (readonly [question: string, keys: string])[],
): Promise<{ readonly screen: string; readonly code: number | null }> {
  const command = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...rig.env, TERM: 'xterm', SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let screen = '';
  let seen = 0;
  const waiting = [...answers];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
    const [next] = waiting;
    const at = next === undefined ? -1 : screen.indexOf(next[0], seen);
    if (next === undefined || at === -1) return;
    seen = at + next[0].length;
    waiting.shift();
    child.stdin.write(next[1]);
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { screen, code };
}

describe.skipIf(!hasScript)('at a terminal', () => {
  let rig: Rig;
  beforeAll(() => {
    rig = new Rig();
  });
  afterAll(() => rig.close());

  const phrase = 'a passphrase of words';

  test('H2 `up` makes the first signer of who sits there; the passphrase is typed twice and never shown', async () => {
    const { screen, code } = await typing(
      rig,
      ['up', '--same-user', '--api-port', '0', '--http-port', '0', '--postgres-port', '0', '--signer', 'jane'],
      [
        ['choose a passphrase', `${phrase}\r`],
        ['once more:', `${phrase}\r`],
      ],
    );
    expect(screen).toContain('enrolled jane');
    expect(screen).not.toContain(phrase);
    expect(code).toBe(0);
  });

  test('H2 what is typed is what opens the key, corrections included; ctrl-c signs nothing', async () => {
    rig.write('holdpoint.yaml', 'version: 1\negress: listed\n');
    const args = ['apply', '--file', join(rig.root, 'holdpoint.yaml')];
    const stopped = await typing(rig, args, [['passphrase of jane:', 'a pass\u0003']]);
    expect(stopped.screen).toContain('stopped before anything was signed');
    expect(stopped.code).toBe(1);
    const wrong = await typing(rig, args, [['passphrase of jane:', 'not this one here\r']]);
    expect(wrong.screen).toContain('does not open the key of `jane`');
    const good = await typing(rig, args, [['passphrase of jane:', `oops\u0015${phrase}x\u007f\r`]]);
    expect(good.screen).toContain('applied');
    expect(good.screen).not.toContain(phrase);
    expect(good.code).toBe(0);
  });

  test('without NO_COLOR the lines are coloured, with it they are not', async () => {
    const plain = await typing(rig, ['status'], []);
    expect(plain.screen).not.toContain('\u001b[');
    const coloured = await typing(
      Object.assign(Object.create(rig) as Rig, { env: { ...rig.env, NO_COLOR: '' } }),
      ['status'],
      [],
    );
    expect(coloured.screen).toContain('\u001b[33m');
  });
});
