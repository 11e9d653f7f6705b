import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig.close());

const ports = ['--api-port', '0', '--http-port', '0', '--postgres-port', '0'];

describe('F1: the first signer, where making it was broken off', () => {
  test('the code is told again, a second `up` does not claim to have done it, and the code still works', async () => {
    const short = join(rig.root, 'short');
    writeFileSync(short, 'short\n', { mode: 0o600 });
    const broken = await rig.run(['up', '--same-user', ...ports, '--signer', 'jane', '--passphrase-file', short]);
    expect(broken.code, broken.stderr).not.toBe(0);
    const [, code = 'none'] = /holdpoint signer add jane --code (\S+) --data/.exec(broken.stderr) ?? [];

    const again = await rig.up();
    expect(again.code, again.stderr).toBe(1);
    expect(again.stderr).toContain('holdpoint down && holdpoint up --same-user');

    const added = await rig.sign(['signer', 'add', 'jane', '--code', code]);
    expect(added.code, added.stderr).toBe(0);
    expect((await rig.up()).code).toBe(0);
  });

  test('F1: a journal in a file is not checked without its key: --public-key is named where no daemon runs', async () => {
    const file = join(rig.root, 'journal.ndjson');
    writeFileSync(file, '');
    const ran = await rig.run(['journal', 'verify', '--file', file, '--data', join(rig.root, 'nobody')]);
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toContain('--public-key');
  });

  test('N1: --json and --sarif to standard output together are refused, a hint without a terminal names the file too', async () => {
    const both = await rig.run(['scan', '--no-home', '--path', rig.root, '--json', '--sarif']);
    expect(both.code).toBe(2);
    await rig.run(['freeze']);
    const asked = await rig.run(['thaw']);
    expect(asked.stderr).toContain('--passphrase-fd <number> or --passphrase-file <path>');
  });
});
