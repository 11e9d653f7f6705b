import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differential, type DifferentialOptions, type DifferentialTally } from './sql-differential.ts';
import { verdictOf } from './sql-judge.ts';
import { sampleWorld } from './sql-sample.ts';
import { quietServer } from './sql-torture.ts';
import { openSql, type Sql } from '../../src/languages/sql/index.ts';
import type { Provider, Reading } from '../../src/contract/provider.ts';
import type { Action } from '../../src/model/action.ts';
import type { PostgresMessage } from '../../src/model/postgres-message.ts';
import { postgresProvider } from '../../src/providers/postgres/index.ts';
import { seedFor } from '../fault/journal-dice.ts';
import { openPostgres, type TestServer } from '../postgres/server.ts';
import { full } from '../full.ts';

/** `npm run torture -- sql` does 100,000, over PostgreSQL's own regression suite. */
const count = full ? 500 : 60;

let server: TestServer;
let sql: Sql;
let database = 0;
beforeAll(async () => {
  [server, sql] = [await openPostgres({ settings: quietServer }), await openSql()];
});
afterAll(() => server.stop());

async function run(
  provider: Provider,
  seed: number,
  checks: number,
  more: Partial<DifferentialOptions> = {},
): Promise<DifferentialTally> {
  const name = `sample${database++}`;
  await server.query(`create database ${name}`);
  const statements = sampleWorld.map((text, at) => ({ where: `sample ${at}`, text }));
  const options = { server, database: name, sql, provider, seed, statements, count: checks };
  return differential({ ...options, burst: Math.ceil(checks / 3), every: 25, ...more });
}

/** Keeps what is made after the 75th statement. */
function keptIn(made: string[]): (text: string, after: number) => void {
  return (text, after) => {
    if (after === 74) made.push(text);
  };
}

describe('reads on a real server', () => {
  test(
    `K1, K5: of ${count} statements called a read none changes anything, in a transaction that may write`,
    { timeout: 600_000 },
    async () => {
      const seed = seedFor('sql torture');
      const whole: string[] = [];
      const tally = await run(postgresProvider(sql), seed, count, { variant: keptIn(whole) });
      expect(tally.wrong).toEqual([]);
      // It proves nothing unless much is a read, by both ways, runs to its end, and some is none.
      expect(tally.checks).toBe(count);
      expect(tally.byForm).toBeGreaterThan(count / 4);
      expect(tally.byMeasure).toBeGreaterThan(count / 50);
      expect(tally.ran).toBeGreaterThan(count / 3);
      expect(tally.other).toBeGreaterThan(count / 50);
      expect(tally.digests).toBeGreaterThan(1);
      expect(tally.late.filter((one) => one.startsWith('a digest'))).toEqual([]);

      // One that begins later has the same variants.
      const later: string[] = [];
      const burst = Math.ceil(count / 3);
      await run(postgresProvider(sql), seed, 25, { from: 50, burst, variant: keptIn(later) });
      const both = Math.min(whole.length, later.length);
      expect(both).toBeGreaterThan(5);
      expect(later.slice(0, both)).toEqual(whole.slice(0, both));
    },
  );

  test('K1: ANALYZE of a table without columns is no read: no rollback takes back what it counts', async () => {
    await server.query('create table bare (); insert into bare default values');
    const { port, password, major } = server;
    const client = new Client({ host: '127.0.0.1', port, user: 'postgres', password });
    await client.connect();
    try {
      const verdict = await verdictOf(postgresProvider(sql), client, 'analyze bare', major, new Map());
      await client.query('begin; analyze bare');
      expect(verdict.kind === 'measured' ? await verdict.isRead() : verdict.kind).toBe(false);
      await client.query('rollback');
    } finally {
      await client.end();
    }
    const { rows } = await server.query("select reltuples from pg_class where relname = 'bare'");
    expect(rows).toEqual([{ reltuples: 1 }]);
  });

  test('K1: a provider that takes whatever begins as a read does for one is caught', { timeout: 60_000 }, async () => {
    const mild = (actions: readonly Action[]): readonly Action[] =>
      actions.map((action) => ({ ...action, reversibility: 'read', traits: [] }));
    const honest = postgresProvider(sql);
    const careless: Provider = {
      ...honest,
      read: (message): Reading => {
        const reading = honest.read(message);
        if (!/^(?:select|with|explain)\b/i.test((message as PostgresMessage).text)) return reading;
        const [, statement] = reading.plan.steps;
        return {
          ...reading,
          plan: statement === undefined ? reading.plan : { steps: [statement], effect: 0 },
          *resolve(context) {
            const resolution = yield* reading.resolve(context);
            return { ...resolution, actions: mild(resolution.actions) };
          },
        };
      },
    };
    const { wrong } = await run(careless, 1, 60, { every: 1_000, burst: 150, mostWrong: 200 });
    for (const what of ['logs', 'nextval', 'setval', 'set_config', 'lo_create', 'delete from log'])
      expect(wrong.join('\n')).toContain(what);
  });
});
