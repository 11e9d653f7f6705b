import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { harmlessWriters, mislabelled, pureVolatile } from '../../src/providers/postgres/trusted.ts';
import { trustedVolatile, untrustedVolatile } from '../golden/postgres-functions.ts';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Built in, and labelled immutable or stable, yet listed as none that may be believed. */
const believedNever = [...mislabelled].sort();

describe.each(hasPostgres15() ? ([18, 15] as const) : ([18] as const))('K5: functions of PostgreSQL %i', (major) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await openPostgres({ major });
  }, 60_000);
  afterAll(() => server.stop());

  test('every volatile one is known by name, as harmless or not', async () => {
    const { rows } = await server.query(
      "select distinct proname::text as name from pg_proc where oid < 16384 and provolatile = 'v' order by 1",
    );
    const names = rows.map((row) => String(row['name']));
    const trusted = names.filter((one) => !mislabelled.has(one) && (pureVolatile.has(one) || harmlessWriters.has(one)));
    expect(trusted.filter((one) => !words(trustedVolatile).includes(one))).toEqual([]);
    const untrusted = names.filter((one) => !trusted.includes(one));
    expect(untrusted.filter((one) => !words(untrustedVolatile).includes(one))).toEqual([]);
    expect(names.length).toBeGreaterThan(200);
  });

  test('those that run what a value names exist, whatever their label', async () => {
    const { rows } = await server.query('select distinct proname::text as name from pg_proc where proname = any ($1)', [
      believedNever,
    ]);
    expect(rows.map((row) => row['name']).sort()).toEqual(believedNever);
  });
});
