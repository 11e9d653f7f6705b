import { ask } from './ask.ts';
import type { Looking } from '../../contract/lookup.ts';
import type { PostgresTarget } from '../../model/postgres-message.ts';
import { refuse } from '../../model/refusal.ts';

/** What a role may do that no gate could take back, and the SQL that takes it away. */
export interface Unfit {
  /** `is a superuser` */
  readonly why: string;
  readonly mend: string;
}

/** The role of a session as its server has it. */
export interface Role {
  readonly name: string;
  readonly superuser: boolean;
  readonly replication: boolean;
  readonly bypassesRowSecurity: boolean;
  readonly createsRoles: boolean;
  readonly createsDatabases: boolean;
  readonly database: string;
  /** `server_version_num`: 180004. */
  readonly version: number;
  readonly inRecovery: boolean;
  readonly ownsDatabase: boolean;
}

/** A role that it is a member of. */
export interface Membership {
  readonly name: string;
  /** It is itself a superuser, or may make roles or databases, replicate, or go past row security. */
  readonly strong: boolean;
  /** The roles that were granted to it and lead there. */
  readonly through: readonly string[];
  /** Its rights are there without SET ROLE. */
  readonly inherited: boolean;
  readonly maySet: boolean;
}

/** Members of these reach beyond the database, or hold what Holdpoint's own work needs. */
const refusedRoles: ReadonlySet<string> = new Set([
  'pg_execute_server_program',
  'pg_read_server_files',
  'pg_write_server_files',
  'pg_signal_backend',
  'pg_signal_autovacuum_worker',
  'pg_checkpoint',
  'pg_create_subscription',
  'holdpoint_undo',
  'holdpoint_backup',
  // What providers of servers call their administrators.
  'alloydbsuperuser',
  'azure_pg_admin',
  'cloudsqlsuperuser',
  'neon_superuser',
  'rds_replication',
  'rds_superuser',
  'supabase_admin',
]);

/** More than this is not said in one refusal. */
const mostSaid = 6;

export function* roleOf(target: PostgresTarget): Looking<Role> {
  yield* trustNames(target);
  const [row] = yield* ask(target, 'role');
  const [name, superuser, replication, bypasses, createsRoles, createsDatabases, database, version, recovery, owns] =
    row ?? [];
  if (typeof name !== 'string' || typeof database !== 'string')
    throw refuse('DENIED', 'the server does not say which role this session has');
  return {
    name,
    superuser: superuser !== 'false',
    replication: replication !== 'false',
    bypassesRowSecurity: bypasses !== 'false',
    createsRoles: createsRoles !== 'false',
    createsDatabases: createsDatabases !== 'false',
    database,
    version: Number(version),
    inRecovery: recovery !== 'false',
    ownsDatabase: owns !== 'false',
  };
}

/** Our questions use PostgreSQL's own operators, which have to be found first. */
function* trustNames(target: PostgresTarget): Looking<void> {
  const [row] = yield* ask(target, 'session');
  const path = JSON.parse(row?.[0] ?? '[]') as readonly string[];
  if (path.find((schema) => !schema.startsWith('pg_temp_')) === 'pg_catalog') return;
  throw refuse(
    'DENIED',
    'search_path has something before pg_catalog, so no name can be trusted',
    'leave pg_catalog out of search_path, or put it first',
  );
}

export function* membershipsOf(target: PostgresTarget): Looking<readonly Membership[]> {
  return (yield* ask(target, 'memberships')).map(([name, strong, through, inherited, maySet]) => ({
    name: name ?? '',
    strong: strong !== 'false',
    through: JSON.parse(through ?? '[]') as readonly string[],
    inherited: inherited !== 'false',
    maySet: maySet !== 'false',
  }));
}

/** Everything for which an agent's session is refused; empty for a role that is fit. */
export function* unfitnessOf(
  target: PostgresTarget,
): Looking<{ readonly role: Role; readonly unfit: readonly Unfit[] }> {
  const role = yield* roleOf(target);
  const attributes = attributesOf(role);
  // Of a superuser everything else follows.
  if (role.superuser) return { role, unfit: attributes };
  const members = (yield* membershipsOf(target)).flatMap((one) => membershipOf(role, one));
  const functions = (yield* ask(target, 'functionPowers')).map(([kind, signature, owner, word]) =>
    functionOf(role, kind ?? '', signature ?? '', owner ?? '', word ?? 'FUNCTION'),
  );
  return { role, unfit: [...attributes, ...members, ...functions] };
}

function attributesOf(role: Role): readonly Unfit[] {
  const alter = (word: string): string => `ALTER ROLE ${quoted(role.name)} ${word};`;
  return [
    ...(role.superuser ? [{ why: 'is a superuser', mend: alter('NOSUPERUSER') }] : []),
    ...(role.replication ? [{ why: 'may copy the whole server (REPLICATION)', mend: alter('NOREPLICATION') }] : []),
    ...(role.bypassesRowSecurity ? [{ why: 'goes past row security (BYPASSRLS)', mend: alter('NOBYPASSRLS') }] : []),
    ...(role.createsRoles ? [{ why: 'may make roles (CREATEROLE)', mend: alter('NOCREATEROLE') }] : []),
    ...(role.createsDatabases ? [{ why: 'may make databases (CREATEDB)', mend: alter('NOCREATEDB') }] : []),
  ];
}

function membershipOf(role: Role, { name, strong, through }: Membership): readonly Unfit[] {
  if (!strong && !refusedRoles.has(name)) return [];
  const granted = through.length === 0 ? [name] : through;
  return [
    {
      why: `is a member of \`${name}\``,
      mend: granted.map((one) => `REVOKE ${quoted(one)} FROM ${quoted(role.name)};`).join(' '),
    },
  ];
}

function functionOf(role: Role, kind: string, signature: string, owner: string, word: string): Unfit {
  if (kind === 'trap')
    return {
      why: `may call \`${signature}\`, which runs as \`${owner}\` and finds names where its caller says`,
      mend: `ALTER ${word} ${signature} SET search_path = pg_catalog, pg_temp;`,
    };
  return {
    why: `may call \`${signature}\`, which no rollback takes back`,
    mend: `REVOKE EXECUTE ON ${word} ${signature} FROM PUBLIC, ${quoted(role.name)};`,
  };
}

/** An identifier as SQL has it, always quoted. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Why a session of this role is refused, with the SQL that a human would mend it by. */
export function unfitRefusal(role: string, unfit: readonly Unfit[]): Error {
  const said = unfit.slice(0, mostSaid);
  const more = unfit.length > said.length ? `, and ${unfit.length - said.length} more` : '';
  return refuse(
    'DENIED',
    `role \`${role}\` can do what could not be taken back: it ${said.map((one) => one.why).join('; ')}${more}`,
    `agents may not use it. A human mends it: ${said.map((one) => one.mend).join(' ')} Or makes a role for agents: holdpoint connect`,
  );
}

/** How long (ms) a role that was found fit is believed to be so. */
const believedMs = 30_000;

/** Which entries were found to have a role that is fit for agents. What was found unfit is asked again each time, so that mending it helps at once. */
export class FitRoles {
  readonly #fit = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Throws `Refused` (`DENIED`) for a role that agents may not use. */
  *require(target: PostgresTarget): Looking<void> {
    const found = this.#fit.get(target.entry);
    if (found !== undefined && this.#now() - found < believedMs) return;
    this.#fit.delete(target.entry);
    const { role, unfit } = yield* unfitnessOf(target);
    if (unfit.length > 0) throw unfitRefusal(role.name, unfit);
    this.#fit.set(target.entry, this.#now());
  }
}
