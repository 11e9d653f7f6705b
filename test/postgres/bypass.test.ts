import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attacks, typeAttacks } from './bypass-cases.ts';
import { changes, plantWorld, resetWorld, stateOf, type World } from './bypass-world.ts';
import { hasPostgres15, openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';

/** How one attack is sent. */
const ways: readonly (readonly [string, (client: Client, text: string) => Promise<unknown>])[] = [
  ['by a simple query', (client, text) => client.query(text)],
  ['by the extended protocol', (client, text) => client.query({ text, values: [], queryMode: 'extended' } as never)],
  [
    'in a transaction',
    async (client, text) => {
      await client.query('begin');
      await client.query(text);
      return client.query('commit');
    },
  ],
  ['between reads in one string', (client, text) => client.query(`select 1; ${text}; select 2`)],
];

const majors = hasPostgres15() ? ([18, 15] as const) : ([18] as const);

describe.each(majors)('K5: PostgreSQL %i: nothing takes effect that nobody signed for', (major) => {
  let server: TestServer;
  let stage: PostgresStage;
  let before: readonly string[];

  beforeAll(async () => {
    server = await openPostgres({ major });
    await plantWorld(server);
  }, 60_000);
  afterAll(() => server.stop());

  async function open(world: World): Promise<void> {
    await resetWorld(server, world);
    stage = await openPostgresStage(server, { database: 'work' });
    before = await stateOf(server);
  }

  /** Sends it in each way; what changed, by the server's own word. */
  async function attempt(world: World, text: string): Promise<readonly string[]> {
    const answers: string[] = [];
    for (const [way, send] of ways) {
      const client = await stage.connect();
      const ended = await send(client, text).then(
        () => 'done',
        (error: { code?: string; message: string }) => `${error.code ?? ''} ${error.message}`,
      );
      await client.end();
      answers.push(`${way}: ${ended}`);
    }
    const changed = changes(before, await stateOf(server));
    if (changed.length > 0) {
      await stage.close();
      await open(world);
      return [...answers, ...changed];
    }
    if (process.env['BYPASS_LOG'])
      (await import('node:fs')).appendFileSync(
        process.env['BYPASS_LOG'],
        JSON.stringify([major, text, answers]) + '\n',
      );
    return [];
  }

  describe.each([
    ['trapped', attacks],
    ['typed', typeAttacks],
  ] as const)('in a database that is %s', (world, texts) => {
    beforeAll(() => open(world));
    afterAll(() => stage.close());
    test.each(texts)('%s', async (text) => {
      expect(await attempt(world, text)).toEqual([]);
    });
  });
});
