import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { connectDatabase, newPassword } from '../../src/daemon/connect-database.ts';
import { connect } from '../pocketos/database.ts';
import type { Human } from '../human/human.ts';
import type { Place } from '../stage/place.ts';
import type { World } from './world.ts';

/** PocketOS's two databases, each with a role of its own that agents' sessions have. */
export interface Databases {
  /** Lines of `upstreams:` in the configuration. */
  readonly upstreams: string;
  /** Keeps the roles' passwords in the vault, signed. */
  keep(human: Human): Promise<void>;
  /** Rows of staging as its server has them, asked past everything of ours. */
  staging(text: string): Promise<readonly Row[]>;
  /** The same of production. */
  production(text: string): Promise<readonly Row[]>;
  /** A digest of every row of each of production's tables, computed by the server itself. */
  digests(): Promise<Digests>;
}

export interface Digests {
  readonly [table: string]: string;
}

interface Row {
  readonly [column: string]: unknown;
}

const stagingName = 'pocketos_staging';

/** What stands in staging: little, and of PocketOS's own shape. */
const stagingTables = `
create table cars (id int primary key, plate text not null);
create table reservations (id int primary key, car int not null references cars, days int not null);
create table payments (id int primary key, reservation int not null references reservations on delete cascade, amount numeric(10,2) not null);
create table drafts (id int primary key, note text);
insert into cars select i, 'PK-' || i from generate_series(1, 40) i;
insert into reservations select i, 1 + i % 40, 1 + i % 9 from generate_series(1, 300) i;
insert into payments select i, i, 29.5 * (1 + i % 9) from generate_series(1, 280) i;
insert into drafts select i, 'draft ' || i from generate_series(1, 25) i;
analyze;
`;

/** A small table of production's, which nothing refers to: emptying it is within bounds. */
const promotions = `
create table promotions (id int primary key, code text not null unique, percent int not null, note text);
insert into promotions select i, 'SPRING-' || i, 5 * i, 'until the ' || i || 'th' from generate_series(1, 12) i;
`;

/** Whose sessions look at what is about to be lost, as `holdpoint connect` makes it: one a server. */
const undoEntry = 'pg-production-undo';
/** By which the whole server is copied. */
const backupEntry = 'pg-production-backup';

/**
 * Makes the staging database and, by what `holdpoint connect` does, a role for agents in each. `secured`: rows that change in production
 * are looked at by a second line first; staging has none, so there every row change waits for a signature.
 */
export async function openDatabases(world: World, secured: boolean): Promise<Databases> {
  const production = world.databaseUrl;
  const staging = new URL(production);
  staging.pathname = `/${stagingName}`;
  await sql(production, `create database ${stagingName} template template0`);
  await sql(staging.href, stagingTables);
  await sql(production, promotions);
  // Tables of a superuser's could be dropped by no fit role: they are the application's, as in most places.
  for (const url of [production, staging.href]) await sql(url, giveAway);
  const roles = [
    { entry: 'pg-production', environment: 'production', url: production, role: 'agent_production' },
    { entry: 'pg-staging', environment: 'staging', url: staging.href, role: 'agent_staging' },
  ] as const;
  const made: (Upstream & { readonly role: string; readonly password: string })[] = [];
  for (const one of roles) {
    const asked = { role: one.role, preset: 'migrate', schemas: ['public'] } as const;
    const password = newPassword();
    await using database = await connectDatabase(`${one.url}?sslmode=disable`, one.role);
    const [undo, backup] = [newPassword(), newPassword()];
    const script = database.script(asked, { agent: password, undo, backup });
    await database.apply(script.apply);
    const wrong = (await database.tryOut(asked, password)).filter(({ well }) => !well);
    if (wrong.length > 0)
      throw new Error(`the role is not as it has to be: ${wrong.map(({ what }) => what).join('; ')}`);
    const { address } = database;
    const looks = secured && script.makesUndo;
    made.push({ ...one, address, password, more: looks ? `, undo: ${undoEntry}` : '' });
    if (looks)
      made.push({ ...one, entry: undoEntry, address, role: 'holdpoint_undo', password: undo, more: ', lookups: true' });
    if (script.makesBackup)
      made.push({
        ...one,
        entry: backupEntry,
        address,
        role: 'holdpoint_backup',
        password: backup,
        more: ', replication: true',
      });
  }
  return {
    upstreams: made.map(upstreamLine).join('\n'),
    keep: async (human) => {
      for (const { entry, environment, role, password } of made)
        await human.addCredential(entry, environment, 'password', 'environment', `${role}:${password}`, {
          provider: 'postgres',
          // It is bound to no environment by itself; `holdpoint connect` keeps it unasked too.
          ...(entry === undoEntry || entry === backupEntry ? { ask: false } : {}),
        });
    },
    staging: async (text) => sql(staging.href, text),
    production: async (text) => sql(production, text),
    digests: async () => digestsOf(production),
  };
}

interface Upstream {
  readonly entry: string;
  readonly environment: string;
  readonly address: string;
  /** What else stands in its line. */
  readonly more: string;
}

function upstreamLine({ entry, environment, address, more }: Upstream): string {
  return `  ${entry}: { provider: postgres, environment: ${environment}, credential: "vault:${entry}", address: "${address}", private: true${more} }`;
}

/** Of every table of every database on that server, as `database.table`. */
export async function digestsOfServer(url: string): Promise<Digests> {
  const databases = await sql(
    url,
    'select datname as name from pg_database where datallowconn and not datistemplate order by 1',
  );
  const all: [string, string][] = [];
  for (const { name } of databases) {
    const one = new URL(url);
    one.pathname = `/${String(name)}`;
    for (const [table, digest] of Object.entries(await digestsOf(one.href)))
      all.push([`${String(name)}.${table}`, digest]);
  }
  return Object.fromEntries(all);
}

/** Of every table of that database, by the server itself. */
async function digestsOf(url: string): Promise<Digests> {
  const tables = await sql(
    url,
    "select format('%I', tablename) as name from pg_tables where schemaname = 'public' order by 1",
  );
  if (tables.length === 0) return {};
  const each = tables.map(
    ({ name }) =>
      `select '${String(name)}' as name, count(*) || ' ' || coalesce(md5(string_agg(t::text, E'\\n' order by t.id)), '') as digest from ${String(name)} t`,
  );
  const rows = await sql(url, `${each.join(' union all ')} order by 1`);
  return Object.fromEntries(rows.map(({ name, digest }) => [String(name), String(digest)]));
}

const giveAway = `do $$ declare t record; begin
  if not exists (select from pg_roles where rolname = 'pocketos_app') then create role pocketos_app nologin; end if;
  for t in select tablename from pg_tables where schemaname = 'public' loop execute format('alter table %I owner to pocketos_app', t.tablename); end loop;
end $$`;

async function sql(url: string, text: string): Promise<readonly Row[]> {
  const client = await connect(url);
  try {
    return (await client.query<{ [column: string]: unknown }>(text)).rows;
  } finally {
    await client.end();
  }
}

/** node-postgres where the agent's user can load it: what `npm install pg` would have put into its checkout. */
export function agentsDriver(place: Place): string {
  const folder = place.folder('driver', 0o755);
  const from = path.join(createRequire(import.meta.url).resolve('pg/package.json'), '..', '..');
  const wanted = /^(?:pg(?:-.*)?|pgpass|postgres-.*|split2|xtend)$/;
  for (const name of fs.readdirSync(from).filter((one) => wanted.test(one)))
    fs.cpSync(path.join(from, name), path.join(folder, 'node_modules', name), { recursive: true, dereference: true });
  execFileSync('chmod', ['-R', 'a+rX', folder]);
  return path.join(folder, 'package.json');
}
