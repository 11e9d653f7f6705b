import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const main = new URL('../../bench/main.ts', import.meta.url).pathname;

interface Said {
  readonly machine: { readonly [fact: string]: string };
  readonly figures: readonly {
    readonly part: string;
    readonly name: string;
    readonly value: number;
    readonly unit: string;
  }[];
}

// What the figures are is a matter of the machine; that they are there, and are figures, is not.
test('the bench measures writes through a whole daemon, and says on which machine', async () => {
  const { stdout } = await run(process.execPath, [main, '--quick', '--json', 'write']);
  const { machine, figures } = JSON.parse(stdout) as Said;
  expect(machine).toMatchObject({ node: process.version, command: 'npm run bench -- --quick --json write' });
  expect(figures.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
  const names = figures.map(({ part, name }) => `${part}: ${name}`);
  expect(names).toContain('write, 20 a second on one connection: gate: added p50 beyond one fsync');
  const asked = figures.find(({ name }) => name === 'gate: messages to the far side a write');
  // One look-up and the write itself.
  expect(asked?.value).toBe(2);
}, 90_000);
