import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completionFor, shells } from './completion.ts';
import { commandTree } from './tree/tree.ts';

const bin = join(import.meta.dirname, '../../bin/holdpoint.js');
const commands = commandTree.flatMap((chapter) => chapter.commands);

function run(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [bin, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', NO_COLOR: '1' },
  });
}

describe('the commands', () => {
  test('are those that were promised', () => {
    const first = new Set(commands.map((one) => one.path.split(' ')[0]));
    const promised =
      'up down status signer vault token env exec hold approve deny cancel run wait watch undo freeze thaw journal explain policy apply';
    for (const name of promised.split(' ')) expect(first).toContain(name);
  });

  test('each has an example that begins with itself, takes --json, and can be loaded', async () => {
    for (const command of commands) {
      expect(command.examples.length, command.path).toBeGreaterThan(0);
      expect(
        command.examples.some(([line]) => line.includes(`holdpoint ${command.path.split(' ')[0]}`)),
        command.path,
      ).toBe(true);
      expect(typeof (await command.load(commandTree)), command.path).toBe('function');
    }
  });

  test('help and version answer, and wrong words exit 2 with a hint', () => {
    expect(run('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(run('approve', '--help').stdout).toContain('Examples:\n  $ holdpoint approve');
    for (const args of [['undoo'], ['token', 'creat'], ['approve'], ['approve', 'x', '--bogus'], ['hold']]) {
      const ran = run(...args);
      expect(ran.status, args.join(' ')).toBe(2);
      expect(ran.stderr).toMatch(/^holdpoint: [a-z].*[^.]\n(.*\n)*? {2}hint: /);
    }
    expect(JSON.parse(run('approve', '--json').stdout)).toMatchObject({ error: { exit: 2 } });
  });
});

describe('completion', () => {
  test.each(shells)('%s knows every command and option', (shell) => {
    const script = completionFor(shell, commandTree);
    for (const command of commands) expect(script).toContain(command.path.split(' ').at(-1));
    expect(script).toContain('passphrase-fd');
    expect(script).not.toContain('undefined');
  });

  test('bash completes a command, a verb and an option', () => {
    const script = completionFor('bash', commandTree);
    const complete = (...words: readonly string[]): string => {
      const line = words.map((word) => `'${word}'`).join(' ');
      const asked = `${script}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _holdpoint; echo "\${COMPREPLY[@]}"`;
      const ran = spawnSync('bash', ['--norc', '-c', asked], { encoding: 'utf8' });
      expect(ran.stderr).toBe('');
      return ran.stdout.trim();
    };
    expect(complete('holdpoint', 'app')).toBe('apply approve');
    expect(complete('holdpoint', 'token', 'cr')).toBe('create');
    expect(complete('holdpoint', 'token', 'create', 'cursor', '--pre')).toBe('--preset');
    expect(complete('holdpoint', 'explain', 'rail')).toBe('railway');
    expect(complete('holdpoint', 'exec', 'cursor', '--', 'ap')).toBe('');
  });
});
