import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KeptCredential, Status } from '../../contract/api.ts';
import type { Asked, Connecting, GrantPreset, Passwords, Script, Tried } from '../../daemon/connect-database.ts';
import type * as rooms from '../../daemon/connect-database.ts';
import type { Api } from '../api/api.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { readRunning } from '../places.ts';
import { signedAct } from '../signing/act.ts';
import { wholeAddress } from '../signing/database-address.ts';
import { findSigner, slug, type Signer } from '../signing/signer.ts';
import { askTerminal, hasTerminal } from '../terminal/prompt.ts';
import { refuseTakenName } from './vault-add.ts';

type Room = typeof rooms;

/** What was asked for, and under which names. */
interface Wanted extends Asked {
  /** Upstream and vault entry. */
  readonly entry: string;
  readonly environment: string;
}

/**
 * Reads a PostgreSQL server as its administrator, shows one script that makes a role for agents, and once a person says
 * yes runs it, tries the role, and keeps its password in the vault. The administrator's credential is kept nowhere.
 */
export const connect: Run = async (invocation) => {
  const room = await import('../../daemon/connect-database.ts');
  const wanted = wantedBy(invocation, room);
  const only = invocation.flag('print') ? 'print' : invocation.flag('remove') ? 'remove' : undefined;
  const api = only === undefined ? invocation.api() : undefined;
  if (api !== undefined) {
    await refuseTakenName(api, wanted.entry);
    await refuseUnknownAtT0(api, wanted);
  }
  const url = await wholeAddress(invocation, invocation.needed(0));
  // `await` before each return: without it the line would be closed before it was used.
  await using database = await opened(invocation, room, url, wanted.role);
  if (only === 'remove') return await remove(invocation, database, wanted);
  refuseTakenRole(database, wanted);
  if (only === 'print') return await print(invocation, database, wanted);
  if (api === undefined) throw new TypeError('there is no daemon to keep the credential');
  const passwords = { agent: room.newPassword(), undo: room.newPassword(), backup: room.newPassword() };
  const script = database.script(wanted, passwords);
  if (script.makesUndo) await refuseTakenName(api, undoEntry(wanted));
  if (script.makesBackup) await refuseTakenName(api, backupEntry(wanted));
  show(invocation, database, script);
  const signer = await findSigner(invocation, api);
  await agreed(invocation, `make role \`${wanted.role}\` on \`${database.survey.database}\` by this script?`);
  await applied(database, script.apply);
  return await kept(invocation, { api, signer, database, wanted, script, passwords });
};

/** Upstream and vault entry of the role that looks at what is about to be lost. */
function undoEntry({ entry }: Wanted): string {
  return slug(`${entry}-undo`);
}

/** Upstream and vault entry of the role that copies the server. */
function backupEntry({ entry }: Wanted): string {
  return slug(`${entry}-backup`);
}

function wantedBy(invocation: Invocation, room: Room): Wanted {
  const environment = invocation.text('env');
  const only = invocation.flag('print') || invocation.flag('remove');
  if (environment === undefined && !only)
    throw misused('it is not said which environment this database is', 'give --env: staging, production, …');
  const preset = (invocation.text('preset') ?? 'write').replace(/^postgres:/, '');
  if (!room.grantPresets.some((one) => one === preset))
    throw misused(`\`${preset}\` is no preset of a role`, `known: ${room.grantPresets.join(', ')}`);
  const role = invocation.text('role') ?? 'holdpoint_agent';
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(role) || role.startsWith('pg_'))
    throw misused(`\`${role}\` is no name for a role`, 'lower-case letters, digits and underscores, not pg_…');
  const entry = slug(invocation.text('name') ?? `pg-${environment ?? 'database'}`);
  return {
    entry,
    environment: slug(environment ?? 'database'),
    role,
    preset: preset as GrantPreset,
    schemas: invocation.list('schema'),
  };
}

async function opened(invocation: Invocation, room: Room, url: string, role: string): Promise<Connecting> {
  const path = invocation.text('ca');
  try {
    return await room.connectDatabase(url, role, path === undefined ? undefined : readFileSync(path, 'utf8'));
  } catch (cause) {
    const text = cause instanceof room.NotConnected ? cause.message : 'the server could not be read';
    throw new Complaint(text, 'look whether address, password and sslmode are right; nothing was changed', {
      exit: exitCode.unavailable,
      cause,
    });
  }
}

/** At T0 the vault takes a credential only for what is known to be no production: better said before a role is made. */
async function refuseUnknownAtT0(api: Api, { environment, entry }: Wanted): Promise<void> {
  const { tier, environments } = await api.get<Status>('/v1/status');
  if (tier !== 'T0' || environments.some((one) => one.name === environment)) return;
  throw new Complaint(
    `tier T0 keeps no credential for an environment that is not configured: \`${environment}\``,
    'put these lines into holdpoint.yaml, run `holdpoint apply`, then this again',
    {
      exit: exitCode.denied,
      lines: ['version: 1', `environments: { ${environment}: { production: false, postgres: [${entry}] } }`],
    },
  );
}

function refuseTakenRole({ survey }: Connecting, { role }: Wanted): void {
  const taken = survey.roles.find((one) => one.name === role);
  if (survey.inRecovery)
    throw new Complaint('this server only follows another one: no role can be made here', 'connect to the primary');
  if (taken === undefined) return;
  throw new Complaint(
    `role \`${role}\` is there already${taken.mark === undefined ? ', and holdpoint did not make it' : ''}`,
    taken.mark === undefined ? 'give --role another name' : 'give --role another name, or take it away first: --remove',
  );
}

function show({ out }: Invocation, database: Connecting, { apply, removal, notes }: Script): void {
  const { survey, encrypted } = database;
  const version = `PostgreSQL ${Math.floor(survey.version / 10_000)}`;
  const tables = survey.schemas.reduce((sum, one) => sum + one.tables, 0);
  out.note(
    ['strong', `${version}, database \`${survey.database}\`, as \`${survey.administrator}\``],
    `${survey.superuser ? ' (superuser)' : ''}: ${tables} tables and views in ${survey.schemas.map((one) => one.name).join(', ')}${encrypted ? '' : '; the line is not encrypted'}`,
  );
  out.note('');
  for (const line of apply.trimEnd().split('\n')) out.note(`  ${line}`);
  out.note('');
  out.note(['faint', 'to take it all back (holdpoint connect --remove):']);
  for (const line of removal.trimEnd().split('\n')) out.note(['faint', `  ${line}`]);
  out.note('');
  for (const note of notes) out.note(['warning', `note: ${note}`]);
}

async function print(invocation: Invocation, database: Connecting, wanted: Wanted): Promise<ExitCode> {
  const { out } = invocation;
  const script = database.script(wanted);
  if (invocation.flag('json')) {
    out.show({ ...script, role: wanted.role, config: configLines(database, wanted, script) }, () => undefined);
    return exitCode.done;
  }
  await out.raw(`${script.apply}\n-- to take it all back:\n${script.removal.replaceAll(/^/gm, '-- ').trimEnd()}\n`);
  for (const note of script.notes) out.note(['warning', `note: ${note}`]);
  const { environment, entry } = wanted;
  out.note('nothing was changed. To have it run, tried and its passwords kept: the same command without --print.');
  out.note('Whoever runs it by hand gives each role that signs in a password, and keeps that: for the agents’');
  out.note(`  holdpoint vault add ${entry} --provider postgres --env ${environment}`);
  out.note('  and in holdpoint.yaml, then `holdpoint apply`:');
  for (const line of configLines(database, wanted, script)) out.note(`    ${line}`);
  return exitCode.done;
}

/** At a terminal alone: a script that pipes its own yes is nobody's yes. */
async function agreed(invocation: Invocation, question: string): Promise<void> {
  if (!hasTerminal())
    throw new Complaint(
      'there is no terminal to ask at, so nothing was changed',
      'run it in a terminal; --print shows the script for whoever runs such things',
      { exit: exitCode.usage },
    );
  if (invocation.flag('yes')) return;
  const answer = await askTerminal(`${question} [yes/no]`, { hidden: false, instead: '--yes' });
  if (answer.trim().toLowerCase() !== 'yes')
    throw new Complaint('nothing was changed', 'answer `yes` to have it done', { exit: exitCode.denied });
}

async function applied(database: Connecting, script: string): Promise<void> {
  try {
    await database.apply(script);
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'StatementRefused')
      throw new Complaint(
        `the server refused the script: ${cause.message}`,
        'it is one transaction: nothing of it was done',
        { cause },
      );
    throw new Complaint(
      'the line to the server broke, so it is not known whether the script was done',
      'look with --remove whether the role is there',
      { exit: exitCode.unavailable, cause },
    );
  }
}

/** Tries the role and keeps its password; where either fails the role is taken away again, for nobody would know its password. */
async function kept(
  invocation: Invocation,
  done: {
    readonly api: Api;
    readonly signer: Signer;
    readonly database: Connecting;
    readonly wanted: Wanted;
    readonly script: Script;
    readonly passwords: Passwords;
  },
): Promise<ExitCode> {
  const { api, signer, database, wanted, script, passwords } = done;
  try {
    const tried = await database.tryOut(wanted, passwords.agent);
    sayTried(invocation, tried);
    const wrong = tried.find((one) => !one.well);
    if (wrong !== undefined) throw new Complaint(`the role is not as it has to be: ${wrong.what}`, 'mend that first');
    const keep = (name: string, role: string, password: string, may: string): Promise<KeptCredential> =>
      keepPassword(invocation, { api, signer, database, wanted, name, role, password, may });
    const entry = await keep(wanted.entry, wanted.role, passwords.agent, 'the gates may sign in');
    if (script.makesUndo)
      await keep(undoEntry(wanted), 'holdpoint_undo', passwords.undo, 'what is about to be lost may be looked at');
    if (script.makesBackup)
      await keep(backupEntry(wanted), 'holdpoint_backup', passwords.backup, 'the server may be copied');
    const { environments } = await api.get<Status>('/v1/status');
    sayConnected(invocation, database, wanted, { entry, tried, script, environments });
    return exitCode.done;
  } catch (thrown) {
    await database.apply(script.removal).then(
      () => invocation.out.note(['warning', 'the role was taken away again: nothing is left of it']),
      () => invocation.out.note(['danger', 'the role could not be taken away again: holdpoint connect --remove']),
    );
    throw thrown;
  }
}

function sayTried({ out }: Invocation, tried: readonly Tried[]): void {
  for (const { what, well } of tried) out.note([well ? 'good' : 'danger', well ? '  ✓ ' : '  ✗ '], what);
}

function keepPassword(
  invocation: Invocation,
  kept: {
    readonly api: Api;
    readonly signer: Signer;
    readonly database: Connecting;
    readonly wanted: Wanted;
    readonly name: string;
    readonly role: string;
    readonly password: string;
    /** What it is for. */
    readonly may: string;
  },
): Promise<KeptCredential> {
  const { api, signer, database, name, role, password, may } = kept;
  const { environment } = kept.wanted;
  const secret = `${role}:${password}`;
  const secretHash = createHash('sha256').update(secret).digest('hex');
  return signedAct<KeptCredential>(
    invocation,
    api,
    {
      kind: 'vault-add',
      body: {
        name,
        provider: 'postgres',
        environment,
        kind: 'password',
        reach: 'environment',
        note: `role ${role} on ${database.survey.database}, made by holdpoint connect`,
        secretHash,
        // It was tried from here; the daemon does not know yet where it is.
        ask: false,
      },
      lines: [`${may} as \`${role}\` at ${database.address} for ${environment}`, `secret: SHA-256 ${secretHash}`],
      secret,
    },
    signer,
  );
}

/** `holdpoint.yaml`, as far as it is about this database. An environment that nobody configured counts as production. */
function configLines(
  database: Connecting,
  wanted: Wanted,
  { makesUndo, makesBackup }: Script,
  known: Status['environments'] = [],
): readonly string[] {
  const { entry, environment } = wanted;
  const production = known.find((one) => one.name === environment)?.production ?? true;
  const where = `address: "${database.address}"${database.isPrivate ? ', private: true' : ''}`;
  const upstreamLine = (name: string, more: string): string =>
    `  ${name}: { provider: postgres, environment: ${environment}, credential: "vault:${name}", ${where}${more} }`;
  return [
    'version: 1',
    'environments:',
    `  ${environment}: { production: ${String(production)}, postgres: [${entry}] }`,
    'upstreams:',
    upstreamLine(entry, makesUndo ? `, undo: ${undoEntry(wanted)}` : ''),
    ...(makesUndo ? [upstreamLine(undoEntry(wanted), ', lookups: true')] : []),
    ...(makesBackup ? [upstreamLine(backupEntry(wanted), ', replication: true')] : []),
  ];
}

function sayConnected(
  invocation: Invocation,
  database: Connecting,
  wanted: Wanted,
  done: {
    readonly entry: KeptCredential;
    readonly tried: readonly Tried[];
    readonly script: Script;
    readonly environments: Status['environments'];
  },
): void {
  const { out } = invocation;
  const { entry, tried, script } = done;
  const { role, preset, environment, entry: name } = wanted;
  const config = configLines(database, wanted, script, done.environments);
  const gate = (readRunning(invocation.places)?.postgres ?? 'postgres://127.0.0.1:7432').replace(
    '://',
    '://<agent>:<token>@',
  );
  const databaseUrl = `${gate}/${name}?sslmode=disable`;
  const { removal } = script;
  out.show({ role, entry: name, address: database.address, tried, config, databaseUrl, removal }, () => {
    const more = [
      ...(script.makesUndo ? [undoEntry(wanted)] : []),
      ...(script.makesBackup ? [backupEntry(wanted)] : []),
    ];
    out.line(['good', 'kept'], ` ${[entry.name, ...more].map((one) => `vault:${one}`).join(', ')}`);
    out.line(
      ['good', 'made'],
      ` role \`${role}\` on \`${database.survey.database}\`; your own credential was used once and kept nowhere`,
    );
    out.line('  holdpoint.yaml (add to what is there), then `holdpoint apply`:');
    for (const line of config) out.line(`    ${line}`);
    if (config.some((line) => line.includes('production: true')))
      out.line(['warning', '  (production until you say `production: false`; what agents may do there is less)']);
    out.line('  then a token for the agent, and the agent with it:');
    out.line(`    holdpoint token create <agent> --preset postgres:${preset} --env ${environment} --save`);
    out.line('    holdpoint exec <agent> -- <command>');
    out.line('  which finds it by that; elsewhere it is');
    out.line(['strong', `    DATABASE_URL=${databaseUrl}`]);
  });
}

async function remove(invocation: Invocation, database: Connecting, { role, entry }: Wanted): Promise<ExitCode> {
  const { out } = invocation;
  const removal = database.removal(role);
  if (removal === undefined)
    throw new Complaint(
      `there is no role \`${role}\` here that holdpoint made`,
      'name the role that it made: --role <name>; nothing was changed',
    );
  for (const line of removal.trimEnd().split('\n')) out.note(`  ${line}`);
  await agreed(invocation, `take role \`${role}\` away from \`${database.survey.database}\` by this script?`);
  await applied(database, removal);
  out.show({ removed: role }, () => {
    out.line(
      ['good', 'removed'],
      ` role \`${role}\`; what it had made stays, as \`${database.survey.administrator}\`’s`,
    );
    const named = invocation.text('name') !== undefined || invocation.text('env') !== undefined;
    out.line(
      named
        ? `  its password is still in the vault: holdpoint vault remove ${entry}`
        : '  its passwords are still in the vault: find them with `holdpoint vault list`, and holdpoint vault remove <name>',
    );
  });
  return exitCode.done;
}
