import { holdPage } from '../../src/model/page.ts';
import { type Checks, expect } from '../stage/checks.ts';
import type { Sabotage } from '../stage/sabotage.ts';
import type { Digests } from './databases.ts';
import type { Guarded } from './guarded.ts';
import type { SqlAnswered } from './hands.ts';
import { waiting } from './waiting.ts';

/** The agent's own day on production's rows: what is secured and small runs at once and comes back, what is large is held. */
export async function rowsOfProduction(
  guarded: Guarded,
  driver: string,
  checks: Checks,
  sabotage: ReadonlySet<Sabotage>,
): Promise<void> {
  const { presented } = guarded.tokens.desk;
  const act = (statements: readonly string[]): Promise<SqlAnswered> =>
    guarded.hands.sql({
      url: `postgres://desk:${presented}@${guarded.postgres}/pg-production?sslmode=disable`,
      by: 'pg',
      driver,
      statements,
    });
  for (const one of comesBack) await putBack(guarded, checks, act, one, sabotage.has('undo'));
  await beyondBounds(guarded, checks, act, sabotage.has('bounds'));
}

type Act = (statements: readonly string[]) => Promise<SqlAnswered>;

/** A customer calls: two bookings are cancelled, a third goes with its payment. Five rows in one transaction. */
const task: readonly string[] = [
  'BEGIN',
  "UPDATE reservations SET status = 'cancelled' WHERE id IN (94001, 94002)",
  'DELETE FROM payments WHERE reservation = 94003',
  'DELETE FROM reservations WHERE id = 94003',
  'COMMIT',
];

/** What runs unsigned, and the tables that have other rows after it. */
interface Undoable {
  readonly ids: readonly string[];
  readonly title: string;
  readonly statements: readonly string[];
  readonly tables: string;
}

const comesBack: readonly Undoable[] = [
  {
    ids: ['U1', 'U2', 'H6'],
    title:
      'a few rows of production are changed and deleted unsigned; `undo` puts them back, every table’s digest equal',
    statements: task,
    tables: 'payments,reservations',
  },
  {
    ids: ['U1', 'U2', 'H6'],
    title: 'a DELETE without a WHERE, within bounds, empties a table at once; `undo` brings every row of it back',
    statements: ['DELETE FROM promotions'],
    tables: 'promotions',
  },
];

async function putBack(
  guarded: Guarded,
  checks: Checks,
  act: Act,
  { ids, title, statements, tables }: Undoable,
  sabotaged: boolean,
): Promise<void> {
  await checks.run(
    {
      ids,
      title,
      guard: 'the rows are read by a second line and kept outside the database before the COMMIT',
    },
    async () => {
      const { databases } = guarded;
      const before = await databases.digests();
      const earlier = await waiting(guarded);
      const acted = await act(statements);
      const changed = await databases.digests();
      const held = (await waiting(guarded)).length - earlier.length;
      const image = await newest(guarded);
      if (image !== undefined && !sabotaged) await guarded.commands.done('undo', image);
      const after = await databases.digests();
      // With that guard out nobody undid it in time; what comes later finds production as it was all the same.
      if (image !== undefined && sabotaged) await guarded.commands.done('undo', image);
      return {
        findings: [
          expect(!acted.failed && held === 0, `it did not run at once: ${acted.text}`),
          expect(
            different(before, changed).join() === tables,
            `the server has other rows in: ${different(before, changed).join(', ') || 'no table'}`,
          ),
          expect(image !== undefined, 'no undo is listed'),
          expect(Object.keys(before).length >= 6, `only ${Object.keys(before).length} tables were looked at`),
          expect(different(before, after).length === 0, `not as before: ${different(before, after).join(', ')}`),
        ],
        seen: `${acted.by} → ${acted.text}; ${named(different(before, changed))} differ\nholdpoint undo ${sabotaged ? 'is not run' : (image ?? '')} → of ${Object.keys(before).length} tables ${named(different(before, after))} differ`,
      };
    },
  );
}

async function beyondBounds(guarded: Guarded, checks: Checks, act: Act, sabotaged: boolean): Promise<void> {
  await checks.run(
    {
      ids: ['U1', 'H3', 'K4'],
      title: 'a DELETE without bounds in production is HELD, with its rows as the server counted them',
      guard: 'policy: so many rows of production go by a signature only, secured or not',
    },
    async () => {
      const { databases, human } = guarded;
      const count = async (): Promise<number> =>
        Number((await databases.production('select count(*)::int as n from payments'))[0]?.['n']);
      const before = await count();
      const earlier = await waiting(guarded);
      const acted = await act(['DELETE FROM payments']);
      const after = await count();
      const [held] = (await waiting(guarded)).filter((one) => !earlier.some(({ id }) => id === one.id));
      const hold = held === undefined ? undefined : await human.hold(held.code);
      const page = (hold === undefined ? [] : holdPage(hold))
        .flatMap(({ lines }) => lines.map(({ text }) => text))
        .join('\n');
      const shown = `${before} rows deleted`;
      // Without that guard it ran: what was secured comes back, so that it is missed nowhere else.
      const image = sabotaged && hold === undefined ? await newest(guarded) : undefined;
      if (image !== undefined) await guarded.commands.done('undo', image);
      return {
        findings: [
          expect(acted.text.includes('HELD') && hold !== undefined, `it was answered ${acted.text}`),
          expect(page.includes(shown), `the page does not show \`${shown}\`\n${page}`),
          expect(after === before, `${before - after} rows are gone`),
        ],
        seen: `${acted.by} → ${acted.text.slice(0, 220)}\n${hold?.code ?? 'no hold'}: ${shown}; ${hold?.rules.join(', ') ?? ''}`,
      };
    },
  );
}

/** The newest undo of what was done by this line, as `holdpoint undo list` lists it. */
async function newest(guarded: Guarded): Promise<string | undefined> {
  const listed = await guarded.commands.done('undo', 'list', '--json');
  const { images } = JSON.parse(listed) as {
    images: readonly { id: string; upstream?: string; state: string; securedAt: string }[];
  };
  return images
    .filter(({ upstream, state }) => upstream === 'pg-production' && state === 'settled')
    .sort((one, other) => other.securedAt.localeCompare(one.securedAt))[0]?.id;
}

function named(tables: readonly string[]): string {
  return tables.length === 0 ? 'none' : tables.join(' and ');
}

/** Tables whose rows are not the same any more. */
function different(one: Digests, other: Digests): readonly string[] {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return names.filter((name) => one[name] !== other[name]);
}
