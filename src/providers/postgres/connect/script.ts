import { backupRole, type Mark, markWord, type OpenFunction, type Schema, type Survey, undoRole } from './survey.ts';
import { quoted } from '../roles.ts';

/** What an agent's role is made for. */
export const grantPresets = ['read', 'write', 'migrate'] as const;
export type GrantPreset = (typeof grantPresets)[number];

export interface Wished {
  readonly role: string;
  readonly preset: GrantPreset;
  /** Left out: every schema that is no system's. */
  readonly schemas: readonly string[];
  /** SCRAM verifier of the role's password; absent in a script that is only printed, where the role has none yet. */
  readonly verifier?: string;
  /** The same of the role that looks at what is about to be lost. */
  readonly undoVerifier?: string;
  /** The same of the role that copies the server. */
  readonly backupVerifier?: string;
}

export interface Script {
  /** In one transaction. */
  readonly apply: string;
  readonly removal: string;
  /** What is good to know before saying yes. */
  readonly notes: readonly string[];
  /** It makes the role that looks at what is about to be lost. */
  readonly makesUndo: boolean;
  /** It makes the role that copies the server. */
  readonly makesBackup: boolean;
}

/** The one script that people read, and its removal. */
export function scriptFor(survey: Survey, wished: Wished): Script {
  const schemas = survey.schemas.filter((one) => wished.schemas.length === 0 || wished.schemas.includes(one.name));
  const beyond = survey.open.filter((one) => one.kind === 'beyond');
  const traps = survey.open.filter((one) => one.kind === 'trap');
  const mark: Mark = {
    database: survey.database,
    revoked: beyond.map((one) => one.what),
    pinned: traps.map((one) => one.what),
  };
  const sections = [
    agentSection(survey, wished, mark),
    grantSection(survey, wished, schemas),
    closingSection(beyond, traps),
    ownSection(survey, wished),
  ];
  return {
    apply: inTransaction(sections.flat()),
    removal: removalFor(survey, wished.role, mark),
    notes: notesFor(survey, wished, schemas, traps),
    makesUndo: makesUndo(survey),
    makesBackup: makesBackup(survey),
  };
}

function agentSection(survey: Survey, { role, verifier }: Wished, mark: Mark): readonly string[] {
  const password = verifier === undefined ? '' : ` PASSWORD ${text(verifier)}`;
  return [
    '-- the role that agents’ sessions sign in as, and no other',
    `CREATE ROLE ${quoted(role)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS${password};`,
    ...(verifier === undefined ? [`-- it has no password yet: \\password ${quoted(role)}`] : []),
    `COMMENT ON ROLE ${quoted(role)} IS ${text(`${markWord}: ${JSON.stringify(mark)}`)};`,
    `GRANT CONNECT ON DATABASE ${quoted(survey.database)} TO ${quoted(role)};`,
  ];
}

function grantSection(survey: Survey, { role, preset }: Wished, schemas: readonly Schema[]): readonly string[] {
  const to = quoted(role);
  const rights = preset === 'read' ? 'SELECT' : 'SELECT, INSERT, UPDATE, DELETE';
  const lines = schemas.flatMap((schema) => {
    const name = quoted(schema.name);
    const sequences = preset === 'read' ? 'SELECT' : 'USAGE, SELECT';
    return [
      `GRANT USAGE${preset === 'migrate' ? ', CREATE' : ''} ON SCHEMA ${name} TO ${to};`,
      `GRANT ${rights} ON ALL TABLES IN SCHEMA ${name} TO ${to};`,
      `GRANT ${sequences} ON ALL SEQUENCES IN SCHEMA ${name} TO ${to};`,
      ...schema.owners
        .filter((owner) => owner.ours)
        .flatMap((owner) => [
          `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(owner.name)} IN SCHEMA ${name} GRANT ${rights} ON TABLES TO ${to};`,
          `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(owner.name)} IN SCHEMA ${name} GRANT ${sequences} ON SEQUENCES TO ${to};`,
        ]),
    ];
  });
  const owners = preset === 'migrate' ? grantableOwners(schemas) : [];
  const how = survey.version >= 160_000 ? ' WITH INHERIT TRUE, SET FALSE' : '';
  return [
    `-- what it may: ${preset}`,
    ...lines,
    ...(owners.length === 0 ? [] : ['-- ALTER and DROP of what is there are their owners’ rights']),
    ...owners.map((owner) => `GRANT ${quoted(owner)} TO ${to}${how};`),
  ];
}

/** Owners whose rights an agent's role may have: one that is strong would make it unfit. */
function grantableOwners(schemas: readonly Schema[]): readonly string[] {
  const owners = schemas.flatMap((one) => one.owners).filter((one) => !one.strong && one.ours);
  return [...new Set(owners.map((one) => one.name))];
}

/** What everybody could do so far, agents too. */
function closingSection(beyond: readonly OpenFunction[], traps: readonly OpenFunction[]): readonly string[] {
  if (beyond.length + traps.length === 0) return [];
  return [
    '-- what no rollback takes back, and everybody could call',
    ...beyond.map((one) => `REVOKE EXECUTE ON ${one.what} FROM PUBLIC;`),
    ...traps.map((one) => `ALTER ${one.what} SET search_path = pg_catalog, ${quoted(one.schema)}, pg_temp;`),
  ];
}

function has(survey: Survey, name: string): boolean {
  return survey.roles.some((one) => one.name === name);
}

/** BYPASSRLS is a superuser's to give. */
function makesUndo(survey: Survey): boolean {
  return survey.superuser && !has(survey, undoRole);
}

/** So is REPLICATION. */
function makesBackup(survey: Survey): boolean {
  return survey.superuser && !has(survey, backupRole);
}

/** Roles of Holdpoint's own work. */
function ownSection(survey: Survey, { undoVerifier, backupVerifier }: Wished): readonly string[] {
  if (!survey.superuser) return [];
  const passwordOf = (verifier: string | undefined): string =>
    verifier === undefined ? '' : ` PASSWORD ${text(verifier)}`;
  const mark = (name: string): string => `COMMENT ON ROLE ${quoted(name)} IS ${text(markWord)};`;
  return [
    ...(makesUndo(survey)
      ? [
          '-- reads what is about to be lost, past row security, and changes nothing; agents may not use it',
          `CREATE ROLE ${undoRole} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS${passwordOf(undoVerifier)};`,
          ...(undoVerifier === undefined ? [`-- it has no password yet: \\password ${undoRole}`] : []),
          mark(undoRole),
          `GRANT pg_read_all_data TO ${undoRole};`,
          `GRANT CONNECT ON DATABASE ${quoted(survey.database)} TO ${undoRole};`,
        ]
      : []),
    `CREATE SCHEMA IF NOT EXISTS holdpoint_trash AUTHORIZATION ${undoRole};`,
    ...(makesBackup(survey)
      ? [
          '-- copies the server, for backups alone; agents may not use it. Past row security, so that a dump is whole',
          `CREATE ROLE ${backupRole} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE REPLICATION BYPASSRLS${passwordOf(backupVerifier)};`,
          ...(backupVerifier === undefined ? [`-- it has no password yet: \\password ${backupRole}`] : []),
          mark(backupRole),
          `GRANT pg_read_all_data TO ${backupRole};`,
          `GRANT CONNECT ON DATABASE ${quoted(survey.database)} TO ${backupRole};`,
        ]
      : []),
  ];
}

/** Takes back what `connect` made and changed. What the agent made stays, and becomes the administrator's. */
export function removalFor(survey: Survey, role: string, mark: Mark): string {
  const others = survey.roles.filter(
    (one) => one.mark !== undefined && ![role, undoRole, backupRole].includes(one.name),
  );
  const alone = !others.some((one) => one.mark?.database === survey.database);
  const ours = (name: string): boolean =>
    others.length === 0 && survey.roles.every((one) => one.name !== name || one.mark !== undefined);
  return inTransaction([
    ...(survey.superuser ? [] : [`GRANT ${quoted(role)} TO CURRENT_USER;`]),
    '-- what the agent made stays, and is the administrator’s from now on',
    `REASSIGN OWNED BY ${quoted(role)} TO CURRENT_USER;`,
    `DROP OWNED BY ${quoted(role)};`,
    `DROP ROLE ${quoted(role)};`,
    ...mark.revoked.map((one) => `GRANT EXECUTE ON ${one} TO PUBLIC;`),
    ...mark.pinned.map((one) => `ALTER ${one} RESET search_path;`),
    ...(alone && survey.superuser
      ? ['-- refused by the server while images lie in it', 'DROP SCHEMA IF EXISTS holdpoint_trash RESTRICT;']
      : []),
    ...(survey.superuser
      ? [undoRole, backupRole].filter((name) => ours(name) && has(survey, name)).map((name) => `DROP OWNED BY ${name};`)
      : []),
    ...(survey.superuser && ours(backupRole) && has(survey, backupRole)
      ? [
          '-- what nobody reads any more would fill the disk',
          "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE 'holdpoint\\_%' AND NOT active;",
        ]
      : []),
    ...(survey.superuser ? [undoRole, backupRole].filter(ours).map((name) => `DROP ROLE IF EXISTS ${name};`) : []),
  ]);
}

function notesFor(
  survey: Survey,
  wished: Wished,
  schemas: readonly Schema[],
  traps: readonly OpenFunction[],
): readonly string[] {
  const strong = [
    ...new Set(schemas.flatMap((one) => one.owners.filter((each) => each.strong)).map((one) => one.name)),
  ];
  const foreign = [
    ...new Set(schemas.flatMap((one) => one.owners.filter((each) => !each.ours)).map((one) => one.name)),
  ];
  const publicCreates = schemas.filter((one) => one.publicCreates).map((one) => one.name);
  return [
    ...(survey.superuser
      ? [
          ...(makesBackup(survey) ? [] : [`${backupRole} is there already: its password is where it was made`]),
          ...(makesUndo(survey)
            ? []
            : [`${undoRole} is there already: name the upstream that has its password as \`undo\` of this one`]),
        ]
      : [
          `\`${survey.administrator}\` is no superuser, so ${undoRole} and ${backupRole} cannot be made: what destroys is never called reversible`,
        ]),
    ...(wished.preset === 'migrate' && strong.length > 0
      ? [`what belongs to ${list(strong)} cannot be altered by the agent: give it to a role that is no superuser first`]
      : []),
    ...(foreign.length > 0
      ? [`\`${survey.administrator}\` may not act for ${list(foreign)}: what they make later is not granted by itself`]
      : []),
    ...(publicCreates.length > 0 && wished.preset !== 'migrate'
      ? [
          `everybody may make things in schema ${list(publicCreates)}, agents too: REVOKE CREATE ON SCHEMA … FROM PUBLIC`,
        ]
      : []),
    ...(traps.length > 0
      ? [
          `${traps.length} functions that run with a superuser’s rights get a search_path of their own: look whether they do without another`,
        ]
      : []),
  ];
}

function list(names: readonly string[]): string {
  return names.map((one) => `\`${one}\``).join(', ');
}

function inTransaction(lines: readonly string[]): string {
  return ['BEGIN;', ...lines, 'COMMIT;', ''].join('\n');
}

/** A constant, as long as `standard_conforming_strings` is on. */
function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
