import { ask } from './ask.ts';
import { destroyingIn } from './definer-body.ts';
import { membershipsOf, type Membership, type Role, roleOf, unfitnessOf } from './roles.ts';
import { sentenceOf, type Powers } from './powers-sentence.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { Introspecting, Introspection, Reach } from '../../contract/reach.ts';
import type { Sql } from '../../languages/sql/index.ts';
import { type PostgresTarget, postgresAnswer, postgresLookup } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';
import { questions } from './questions.ts';

/** How a PostgreSQL role is asked what it can do: by the catalogue alone, on its own connection. */
export function introspectionOf(sql: Sql): Introspection {
  return Object.freeze({
    kinds: () => ['password'],
    *ask(about: Introspecting) {
      return yield* reachOfRole(sql, about);
    },
    purposeIn: () => undefined,
    rotateAt: () => 'the server itself: ALTER ROLE … PASSWORD, in psql by \\password',
  });
}

function* reachOfRole(sql: Sql, about: Introspecting): Looking<Reach | undefined> {
  const target: PostgresTarget = { entry: about.entry ?? 'asked', major: 0 };
  const first = postgresAnswer(yield { message: postgresLookup(target, questions.session), purpose: 'session' });
  // Class 28: the server does not take it.
  if (first.error?.code.startsWith('28') === true) return undefined;
  if (first.error !== undefined)
    throw refuse('UNAVAILABLE', `the server did not answer (SQLSTATE ${first.error.code})`);
  const powers = yield* powersOf(sql, target);
  const { unfit } = yield* unfitnessOf(target);
  const { role } = powers;
  const said = sentenceOf(powers);
  return {
    provider: 'postgres',
    kind: role.superuser ? 'superuser' : 'role',
    presented: 'password',
    sees: 'environment',
    owner: role.name,
    environments: [environmentOf(about, role)],
    whole: true,
    power: {
      mutations: said.powers.length,
      of: said.powers.length,
      irreversible: said.destroys ? said.powers.length : 0,
      certainty: 'proven',
      why: 'as the server’s own catalogue has it',
    },
    backups: backupsOf(role),
    madeFor: undefined,
    inWords: {
      sentence: said.sentence,
      destroys: said.what,
      isWide: said.destroys,
      unfit: unfit.map(({ why, mend }) => `it ${why}: ${mend}`),
    },
    also: [
      ...said.also.map((says) => ({ says, certainty: 'proven' }) as const),
      ...unfit
        .slice(0, 6)
        .map(
          ({ why, mend }) => ({ says: `agents are refused with it: it ${why}; ${mend}`, certainty: 'proven' }) as const,
        ),
    ],
  };
}

function* powersOf(sql: Sql, target: PostgresTarget): Looking<Powers> {
  const role = yield* roleOf(target);
  const memberships: readonly Membership[] = role.superuser ? [] : yield* membershipsOf(target);
  const tables = (yield* ask(target, 'tablePowers')).map((row) => {
    const [name, rows, owns, truncates, deletes, updates, inserts, reads, columns, owner, schemaOwner] = row;
    return {
      name: name ?? '',
      rows: Number(rows ?? -1),
      owns: owns !== 'false',
      truncates: truncates !== 'false',
      deletes: deletes !== 'false',
      updates: updates !== 'false',
      inserts: inserts !== 'false',
      reads: reads !== 'false',
      columns: JSON.parse(columns ?? '[]') as readonly string[],
      owners: [owner ?? '', schemaOwner ?? ''],
    };
  });
  const databases = (yield* ask(target, 'databases')).map(([name]) => name ?? '');
  const definers = (yield* ask(target, 'definers')).map(([name, owner, language, text, trigger]) => ({
    name: name ?? '',
    owner: owner ?? '',
    trigger: trigger === 'true',
    ...destroyingIn(sql, Math.floor(role.version / 10_000), language ?? '', text ?? undefined),
  }));
  return { role, memberships, tables, databases, definers };
}

/** Where backups are concerned a role reaches further than its tables only by these. */
function backupsOf(role: Role): Reach['backups'] {
  const ends = role.superuser || role.replication;
  return { count: ends ? undefined : 0, more: ends, schedules: 0, certainty: ends ? 'inferred' : 'proven' };
}

function environmentOf(about: Introspecting, role: Role): Reach['environments'][number] {
  const bound = about.environments.filter((one) => one.bindings['postgres']?.includes(about.entry ?? ''));
  return {
    id: about.entry ?? role.database,
    name: role.database,
    project: { id: 'postgres', name: 'postgres' },
    production: bound.length === 0 || bound.some((one) => one.production),
    productionIs: bound.length === 0 ? 'assumed' : 'proven',
    services: 0,
    volumes: 0,
    backups: undefined,
  };
}
