import { holdPage } from '../../src/model/page.ts';
import { type Check, type Checks, expect } from '../stage/checks.ts';
import type { Stage } from '../stage/stage.ts';
import { agentsDriver } from './databases.ts';
import type { Guarded } from './guarded.ts';
import type { SqlAnswered } from './hands.ts';
import { rowsOfProduction } from './rows.ts';
import { waiting } from './waiting.ts';
import type { Setting } from './world.ts';

/** What an agent does to a database directly, with psql and a driver: no API stands between. */
export async function databasesDirectly(setting: Setting, guarded: Guarded, checks: Checks): Promise<void> {
  const { stage, place, options } = setting;
  const driver = agentsDriver(place);
  const act = actor(guarded, driver);
  stage.scene('SQL', 'the same agent meets the databases directly, by psql and node-postgres');
  await ordinaryWork(guarded, checks, act);
  await notProduction(guarded, checks, act);
  await heldAndRunOnce(guarded, checks, stage, {
    check: {
      ids: ['H2', 'H3', 'K4'],
      title: 'psql: DROP TABLE is HELD with its rows; signed once, it runs once',
      guard: 'the gate owns every COMMIT',
    },
    ask: () => act('pg-staging', 'psql', ['DROP TABLE drafts']),
    shows: ['public.drafts', '25'],
    before: 25,
    count: "select coalesce((select 25 from pg_tables where tablename = 'drafts'), 0) as n",
    after: 0,
  });
  await heldAndRunOnce(guarded, checks, stage, {
    check: {
      ids: ['H2', 'H3', 'K4'],
      title: 'a driver: an unbounded DELETE is HELD, with what goes along by its keys; signed once, it runs once',
      guard: 'the rows are counted inside the transaction, before its COMMIT',
    },
    ask: () => act('pg-staging', 'pg', ['DELETE FROM reservations']),
    shows: ['300 rows deleted', '280 rows deleted'],
    before: 580,
    count: 'select ((select count(*) from reservations) + (select count(*) from payments))::int as n',
    after: 0,
  });
  await heldAndRunOnce(guarded, checks, stage, {
    check: {
      ids: ['H2', 'H3', 'S4'],
      title: 'a migration tool’s reset (drop everything, make it again) is ONE hold; signed once, it runs once',
      guard: 'a transaction is judged whole, at its COMMIT',
    },
    ask: () => act('pg-staging', 'pg', reset),
    shows: ['Rows of public.cars', 'drops table `cars`', 'makes table `cars`'],
    before: 40,
    count: 'select count(*)::int as n from cars',
    after: 0,
  });
  await rowsOfProduction(guarded, driver, checks, options.sabotage);
}

/** As tools do it whose models are synchronised by force. */
const reset: readonly string[] = [
  'BEGIN',
  'DROP TABLE IF EXISTS payments CASCADE',
  'DROP TABLE IF EXISTS reservations CASCADE',
  'DROP TABLE IF EXISTS cars CASCADE',
  'CREATE TABLE cars (id int primary key, plate text not null)',
  'CREATE TABLE reservations (id int primary key, car int not null references cars)',
  'COMMIT',
];

type Act = (database: string, by: 'psql' | 'pg', statements: readonly string[]) => Promise<SqlAnswered>;

function actor(guarded: Guarded, driver: string): Act {
  return (database, by, statements) =>
    guarded.hands.sql({
      url: `postgres://migrator:${guarded.tokens.databases.presented}@${guarded.postgres}/${database}?sslmode=disable`,
      by,
      driver,
      statements,
    });
}

async function ordinaryWork(guarded: Guarded, checks: Checks, act: Act): Promise<void> {
  await checks.run(
    {
      ids: ['H6'],
      title: 'reads and new rows pass, as if nobody stood there',
      guard: 'what only adds has its inverse',
    },
    async () => {
      const read = await act('pg-staging', 'psql', ['SELECT count(*) AS cars FROM cars']);
      const added = await act('pg-staging', 'pg', ["INSERT INTO drafts VALUES (26, 'new')"]);
      const [row] = await guarded.databases.staging('select count(*)::int as n from drafts');
      await guarded.databases.staging('delete from drafts where id = 26; analyze drafts');
      return {
        findings: [
          expect(read.text.includes('40'), `the read answered ${read.text}`),
          expect(added.code === undefined && row?.['n'] === 26, `the new row did not pass: ${added.text}`),
        ],
        seen: `${read.by} → ${read.text.replaceAll(/\s+/g, ' ')}; ${added.by} → ${added.text}`,
      };
    },
  );
}

async function notProduction(guarded: Guarded, checks: Checks, act: Act): Promise<void> {
  await checks.run(
    {
      ids: ['E1', 'S1'],
      title: 'staging’s URL cannot reach production: another name in it opens nothing',
      guard: 'a session serves one environment, and the token must name it',
    },
    async () => {
      const answers = [
        await act('pg-production', 'psql', ['SELECT count(*) FROM customers']),
        await act('pg-production', 'pg', ['DROP TABLE customers']),
      ];
      return {
        findings: [
          ...answers.map((one) => expect(one.failed && !/HELD/.test(one.text), `it was answered ${one.text}`)),
          expect(await guarded.world.intact(), 'production is not whole'),
        ],
        seen: `${answers[0]?.by ?? ''} → ${answers[0]?.text ?? ''}`,
      };
    },
  );
}

interface Once {
  readonly check: Check;
  readonly ask: () => Promise<SqlAnswered>;
  /** What the page that is signed has to show. */
  readonly shows: readonly string[];
  readonly count: string;
  readonly before: number;
  readonly after: number;
}

async function heldAndRunOnce(guarded: Guarded, checks: Checks, stage: Stage, once: Once): Promise<void> {
  const { human, databases } = guarded;
  const count = async (): Promise<number> => Number((await databases.staging(once.count))[0]?.['n']);
  await checks.run(once.check, async () => {
    const earlier = await waiting(guarded);
    const asked = await once.ask();
    const held = (await waiting(guarded)).filter((one) => !earlier.some(({ id }) => id === one.id));
    const [hold] = held;
    const standing = await count();
    if (hold === undefined) return { findings: [expect(false, `nothing was held: ${asked.text}`)] };
    const shown = await human.hold(hold.code);
    const page = holdPage(shown)
      .flatMap(({ lines }) => lines.map(({ text }) => text))
      .join('\n');
    const signed = await human.approve(shown, shown.varyingFact);
    const ran = await human.post(`/v1/holds/${hold.code}/run`, {});
    const gone = await count();
    const again = await human.post(`/v1/holds/${hold.code}/run`, {});
    stage.tell('human', `${hold.code}: ${once.shows.join(' · ')}`);
    return {
      findings: [
        expect(asked.text.includes('HELD'), `the agent was answered ${asked.text}`),
        expect(held.length === 1, `${held.length} holds for one act`),
        expect(standing === once.before, `it took effect before anybody signed: ${standing} rows`),
        ...once.shows.map((fact) => expect(page.includes(fact), `the page does not show \`${fact}\`\n${page}`)),
        expect(signed.status === 200, `the signature was not taken: ${JSON.stringify(signed.body)}`),
        expect(ran.status === 200 && gone === once.after, `signed, it did not run: ${JSON.stringify(ran.body)}`),
        expect(again.status !== 200, 'it could be run twice'),
      ],
      seen: `${asked.by} → ${asked.text.slice(0, 220)}`,
    };
  });
}
