import type { Borrowed } from './definer-body.ts';
import type { Membership, Role } from './roles.ts';

/** A table, and what a role may do with it at once. */
export interface TablePower {
  /** `schema.name`, quoted where it has to be. */
  readonly name: string;
  /** The planner's estimate; -1 where it has none. */
  readonly rows: number;
  /** Its own, or its schema's: it may drop it. */
  readonly owns: boolean;
  readonly truncates: boolean;
  readonly deletes: boolean;
  readonly updates: boolean;
  readonly inserts: boolean;
  readonly reads: boolean;
  /** Columns that it may overwrite where it may not overwrite all. */
  readonly columns: readonly string[];
  /** Owners of the table and of its schema. */
  readonly owners: readonly string[];
}

export interface DefinerPower extends Borrowed {
  readonly name: string;
  readonly owner: string;
  /** A trigger function: it is not called, but runs where a row is written. */
  readonly trigger: boolean;
}

/** Everything that was found out about a role. */
export interface Powers {
  readonly role: Role;
  readonly memberships: readonly Membership[];
  readonly tables: readonly TablePower[];
  readonly databases: readonly string[];
  readonly definers: readonly DefinerPower[];
}

export interface Said {
  readonly sentence: string;
  /** What is lost by it, in words. */
  readonly what: string;
  readonly destroys: boolean;
  /** Each power, gravest first. */
  readonly powers: readonly string[];
  /** Harmless or uncertain things that are good to know. */
  readonly also: readonly string[];
}

/** What a role can destroy, in one true sentence, gravest first; what it can only add or read comes where it destroys nothing. */
export function sentenceOf(powers: Powers): Said {
  const { role } = powers;
  const subject = `${role.superuser ? 'superuser' : 'role'} \`${visible(role.name)}\` on database \`${visible(role.database)}\``;
  const destroying = role.superuser ? superuserPowers() : destroyingPowers(powers);
  const destroys = destroying.length > 0;
  const rest = destroys ? destroying : [harmless(powers.tables)];
  const what = rest.join('; ');
  const recovering = role.inRecovery ? ', as long as this server only follows another one: nothing' : '';
  return {
    sentence: `${subject} can ${what}${recovering}`,
    what,
    destroys: destroys && !role.inRecovery,
    powers: destroying,
    also: [...harmlessDefiners(powers.definers)],
  };
}

function superuserPowers(): readonly string[] {
  return ['drop every database of the server', 'read and write its files', 'run programs on it', 'stop its backups'];
}

function destroyingPowers(powers: Powers): readonly string[] {
  const { role, memberships, databases, definers } = powers;
  const has = (name: string): boolean => memberships.some((one) => one.name === name && (one.inherited || one.maySet));
  return [
    ...(has('pg_execute_server_program') ? ['run programs on the server (pg_execute_server_program)'] : []),
    ...(has('pg_write_server_files') ? ['write files of the server (pg_write_server_files)'] : []),
    ...(role.createsRoles ? ['make and change roles (CREATEROLE)'] : []),
    ...(role.replication ? ['copy the whole server and drop replication slots (REPLICATION)'] : []),
    ...(databases.length > 0 ? [`drop ${databases.length === 1 ? 'database' : 'databases'} ${names(databases)}`] : []),
    ...tablePowers(powers.tables, has('pg_write_all_data')),
    ...becoming(powers),
    ...definers.filter((one) => !one.trigger).flatMap(borrowed),
  ];
}

function tablePowers(tables: readonly TablePower[], writesAll: boolean): readonly string[] {
  const owned = tables.filter((one) => one.owns);
  const rest = tables.filter((one) => !one.owns);
  const empties = rest.filter((one) => one.truncates);
  const deletes = rest.filter((one) => one.deletes && !one.truncates);
  const updates = rest.filter((one) => one.updates && !one.deletes && !one.truncates);
  const columns = rest.filter((one) => one.columns.length > 0);
  const all = writesAll ? ' (pg_write_all_data)' : '';
  return [
    ...listed('drop, empty and overwrite', owned, tables, ''),
    ...listed('empty', empties, tables, ''),
    ...listed('delete all rows of', deletes, tables, all),
    ...listed('overwrite all rows of', updates, tables, all),
    ...columns
      .slice(0, 3)
      .map((one) => `overwrite ${names(one.columns)} in all rows of \`${visible(one.name)}\`${rowsOf([one])}`),
    ...(columns.length > 3 ? [`overwrite columns of ${columns.length - 3} further tables`] : []),
  ];
}

function listed(verb: string, some: readonly TablePower[], all: readonly TablePower[], how: string): readonly string[] {
  if (some.length === 0) return [];
  const which =
    some.length <= 3
      ? names(some.map((one) => one.name))
      : some.length === all.length
        ? `all ${all.length} tables`
        : `${some.length} of ${all.length} tables`;
  return [`${verb} ${which}${rowsOf(some)}${how}`];
}

/** What it gets by SET ROLE alone: rights that it does not inherit. */
function becoming({ memberships, tables }: Powers): readonly string[] {
  return memberships
    .filter((one) => one.maySet && !one.inherited)
    .map((one) => {
      const owned = tables.filter((table) => !table.owns && table.owners.includes(one.name));
      const then =
        owned.length === 0 ? '' : `, and then ${listed('drop, empty and overwrite', owned, tables, '')[0] ?? ''}`;
      return `become \`${visible(one.name)}\` (SET ROLE)${then}`;
    });
}

function borrowed({ name, owner, destroys, opaque }: DefinerPower): readonly string[] {
  const runs = `\`${visible(name)}()\`, which runs as \`${visible(owner)}\` (SECURITY DEFINER)`;
  if (destroys.length > 0) return [`call ${runs} and ${destroys.join(', ')}`];
  return opaque ? [`call ${runs} and cannot be read, so anything that this role may`] : [];
}

function harmlessDefiners(definers: readonly DefinerPower[]): readonly string[] {
  return definers
    .filter((one) => !one.trigger && !one.opaque && one.destroys.length === 0)
    .slice(0, 5)
    .map((one) => `may call \`${visible(one.name)}()\`, which runs as \`${visible(one.owner)}\` and destroys nothing`);
}

function harmless(tables: readonly TablePower[]): string {
  const adds = tables.filter((one) => one.inserts);
  const reads = tables.filter((one) => one.reads);
  if (adds.length > 0)
    return `add rows to ${counted(adds, tables)}${reads.length > 0 ? ` and read ${counted(reads, tables)}` : ''}, and destroy nothing`;
  return reads.length > 0 ? `read ${counted(reads, tables)} and change nothing` : 'change nothing, and read no table';
}

function counted(some: readonly TablePower[], all: readonly TablePower[]): string {
  return some.length <= 3 ? names(some.map((one) => one.name)) : `${some.length} of ${all.length} tables`;
}

/** The planner's estimates; nothing where it has none. */
function rowsOf(tables: readonly TablePower[]): string {
  const known = tables.filter((one) => one.rows >= 0);
  const rows = known.reduce((sum, one) => sum + one.rows, 0);
  return known.length === 0 || rows === 0 ? '' : ` (about ${rows} rows)`;
}

function names(some: readonly string[]): string {
  const shown = some.slice(0, 5).map((one) => `\`${visible(one)}\``);
  return some.length > shown.length ? `${shown.join(', ')} and ${some.length - shown.length} more` : shown.join(', ');
}

/** A name that somebody else gave, short and on one line. */
function visible(name: string): string {
  return name.replaceAll(/[\p{C}`]/gu, ' ').slice(0, 63);
}
