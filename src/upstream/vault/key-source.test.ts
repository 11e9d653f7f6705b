import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keyCommand, keyFile, keyPassphrase } from './key-source.ts';

const file = { kind: 'file' } as const;
const root = process.getuid?.() === 0;
let folder: string;
let path: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'holdpoint-key-')), 'keys');
  path = join(folder, 'vault.key');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

describe('a key file', () => {
  test('C5: is made 0600 in a folder 0700, and found again', async () => {
    const before = process.umask(0);
    try {
      const { key } = await keyFile(path).first();
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
      expect(await readdir(folder)).toEqual(['vault.key']);
      const [candidate] = await keyFile(path).candidates(file);
      expect(candidate?.key.equals(key)).toBe(true);
      expect((await keyFile(path).first()).key.equals(key)).toBe(true);
    } finally {
      process.umask(before);
    }
  });

  const bad: readonly [string, string, () => Promise<unknown>][] = [
    ['exposed', 'readable by the group', () => chmod(path, 0o640)],
    ['exposed', 'readable by others', () => chmod(path, 0o604)],
    ['exposed', 'in a folder that others can write to', () => chmod(folder, 0o777)],
    [
      'exposed',
      'a link',
      async () => {
        await rm(path);
        await writeFile(join(folder, 'other'), 'a'.repeat(64), { mode: 0o600 });
        await symlink('other', path);
      },
    ],
    [
      'bad-key',
      'a folder',
      async () => {
        await rm(path);
        await mkdir(path, { mode: 0o700 });
      },
    ],
    ['bad-key', 'empty', () => writeFile(path, '')],
    ['bad-key', 'cut', () => writeFile(path, 'ab'.repeat(31))],
    ['bad-key', 'too long', () => writeFile(path, 'ab'.repeat(33))],
    ['bad-key', 'no hex', () => writeFile(path, 'zz'.repeat(32))],
  ];
  test.each(bad)('C5 F1: %s: one that is %s is refused, for reading and for making', async (code, _, spoil) => {
    await keyFile(path).first();
    await spoil();
    await expect(keyFile(path).candidates(file)).rejects.toMatchObject({ name: 'VaultFault', code });
    await expect(keyFile(path).first()).rejects.toMatchObject({ name: 'VaultFault', code });
  });

  test.skipIf(!root)('C5: one that belongs to somebody else is refused (needs root to give it away)', async () => {
    await keyFile(path).first();
    await chown(path, 65_534, 65_534);
    await expect(keyFile(path).candidates(file)).rejects.toMatchObject({ code: 'exposed' });
  });

  test('C5: one that another user should own is refused', async () => {
    await keyFile(path).first();
    await expect(keyFile(path, { owner: 4_242 }).candidates(file)).rejects.toMatchObject({ code: 'exposed' });
  });

  test('C5: a rotation never writes over the key of something else', async () => {
    const { key } = await keyFile(path).first();
    const other = await keyFile(join(folder, 'other.key')).first();
    await expect(keyFile(join(folder, 'other.key')).next(key)).rejects.toMatchObject({ code: 'bad-key' });
    const [kept] = await keyFile(join(folder, 'other.key')).candidates(file);
    expect(kept?.key.equals(other.key)).toBe(true);
  });

  test('C1: a fault tells the path and no more', async () => {
    await keyFile(path).first();
    const text = (await readFile(path, 'utf8')).trim();
    await writeFile(path, `${text}00`);
    await expect(keyFile(path).candidates(file)).rejects.toSatisfy(
      (error) => inspect(error).includes(path) && !inspect(error).includes(text),
    );
  });
});

describe('a key command', () => {
  const printing = (text: string) => keyCommand('/bin/sh', ['-c', `printf '%s\\n' '${text}'`]);
  const bytes = randomBytes(32);

  test.each([
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('base64'),
    bytes.toString('base64url'),
  ])('C5: what it prints is the key (%#)', async (text) => {
    const [candidate] = await printing(text).candidates({ kind: 'command' });
    expect(candidate?.key.export().equals(bytes)).toBe(true);
  });

  test.each<[string, () => ReturnType<typeof keyCommand>]>([
    ['too little', () => printing(bytes.toString('hex').slice(2))],
    ['too much', () => printing('ab'.repeat(10_000))],
    ['two keys', () => printing(`${bytes.toString('hex')} ${bytes.toString('hex')}`)],
    ['nothing', () => printing('')],
    ['a failure', () => keyCommand('/bin/sh', ['-c', `echo ${bytes.toString('hex')}; exit 3`])],
    ['no end', () => keyCommand('/bin/sh', ['-c', 'exec sleep 20'], 100)],
    ['no such program', () => keyCommand('/nonexistent/program')],
    ['a name that a PATH would decide on', () => keyCommand('sh')],
    ['shell syntax, which no shell sees', () => keyCommand(`/bin/echo ${bytes.toString('hex')}`)],
  ])('C5 F1: %s is no key, and the fault does not tell what was printed', async (_, source) => {
    const asked = source().candidates({ kind: 'command' });
    await expect(asked).rejects.toMatchObject({ name: 'VaultFault', code: 'bad-key' });
    await expect(asked).rejects.toSatisfy(
      (error) => !inspect(error, { depth: 9 }).includes(bytes.toString('hex').slice(2, 40)),
    );
  });
});

describe('a passphrase', () => {
  test('C5: gives the same key with the same salt only', async () => {
    const source = keyPassphrase(async () => 'correct horse battery staple');
    const first = await source.first();
    const [again] = await source.candidates(first.derivation);
    expect(again?.key.equals(first.key)).toBe(true);
    const second = await source.first();
    expect(second.key.equals(first.key)).toBe(false);
    expect(JSON.stringify([first, second])).not.toContain('horse');
  });
});
