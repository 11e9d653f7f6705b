import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Lockfile {
  readonly packages: {
    readonly [path: string]: {
      readonly optionalDependencies?: { readonly [name: string]: string };
      readonly inBundle?: boolean;
    };
  };
}

/**
 * npm leaves a platform package that it could not fetch out of the lockfile without a word, and `npm ci` then refuses
 * the lockfile everywhere. The remedy is a version whose every platform package is on the registry.
 */
test('every optional dependency is in the lockfile, those for other platforms too', () => {
  const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')) as Lockfile;
  const missing = Object.entries(packages).flatMap(([path, entry]) =>
    entry.inBundle === true
      ? []
      : Object.keys(entry.optionalDependencies ?? {})
          .filter(
            (name) =>
              packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined,
          )
          .map((name) => `${path}: ${name}`),
  );
  expect(Object.keys(packages).length).toBeGreaterThan(80);
  expect(missing).toEqual([]);
});
