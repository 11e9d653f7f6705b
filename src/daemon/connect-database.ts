import { randomBytes } from 'node:crypto';
import { databaseIn } from './asking-database.ts';
import { openAsker } from './asking.ts';
import { providers } from './providers.ts';
import type { Asking } from '../contract/reach.ts';
import {
  type GrantPreset,
  grantPresets,
  removalFor,
  type Script,
  scriptFor,
} from '../providers/postgres/connect/script.ts';
import { type Survey, surveyOf } from '../providers/postgres/connect/survey.ts';
import { verifierOf } from '../providers/postgres/connect/verifier.ts';
import { classifyAddress } from '../upstream/dial/address.ts';
import { type Administrator, openAdministrator, StatementRefused } from '../upstream/postgres/administrator.ts';
import { SignInRefused } from '../upstream/postgres/sign-in.ts';

export { type GrantPreset, grantPresets, type Script, StatementRefused, type Survey };

/** Nobody could be reached, or the server did not take the credential. Holds no secret. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/** One thing that was tried as the agent's role, and whether it came out as it has to. */
export interface Tried {
  readonly what: string;
  readonly well: boolean;
}

/** A database, opened as its administrator for this one command. The credential is kept nowhere. */
export interface Connecting extends AsyncDisposable {
  readonly survey: Survey;
  /** `postgres://host:5432/name?sslmode=verify-full`: the way that answered, without a credential. */
  readonly address: string;
  /** The far end is no public address. */
  readonly isPrivate: boolean;
  readonly encrypted: boolean;
  /** Without passwords for a script that is only printed. */
  script(wished: Asked, passwords?: Passwords): Script;
  /** What takes back a role that `connect` made; undefined for one that it did not. */
  removal(role: string): string | undefined;
  /** Runs a script of ours; it is one transaction. Throws `StatementRefused`. */
  apply(script: string): Promise<void>;
  /** Signs in as the agent's role and tries what it must be able to do, and what it must not. */
  tryOut(asked: Asked, password: string): Promise<readonly Tried[]>;
}

/** Of the agents' role, of the one that looks at what is about to be lost, and of the one that copies the server. */
export interface Passwords {
  readonly agent: string;
  readonly undo: string;
  readonly backup: string;
}

export interface Asked {
  readonly role: string;
  readonly preset: GrantPreset;
  readonly schemas: readonly string[];
}

/** A password that needs no escaping anywhere. */
export function newPassword(): string {
  return randomBytes(32).toString('base64url');
}

/** Opens the database behind a whole postgres:// address. Throws `NotConnected`. */
export async function connectDatabase(url: string, role: string, ca?: string): Promise<Connecting> {
  const found = databaseIn(url);
  if (found === undefined) throw new NotConnected('it is no whole postgres:// address with a user');
  const more = ca === undefined ? {} : { ca };
  const { administrator, address } = await opened(found.addresses, found.secret, more);
  const survey = await surveyOf((text) => administrator.run(text), role).catch(async (cause: unknown) => {
    await administrator.close();
    throw cause;
  });
  return Object.freeze({
    survey,
    address,
    isPrivate: classifyAddress(administrator.remote) !== 'public',
    encrypted: administrator.encrypted,
    script: (wished: Asked, passwords?: Passwords) => {
      if (passwords === undefined) return scriptFor(survey, wished);
      const verifiers = {
        verifier: verifierOf(passwords.agent),
        undoVerifier: verifierOf(passwords.undo),
        backupVerifier: verifierOf(passwords.backup),
      };
      return scriptFor(survey, { ...wished, ...verifiers });
    },
    removal: (name: string) => {
      const mark = survey.roles.find((one) => one.name === name)?.mark;
      return mark === undefined ? undefined : removalFor(survey, name, mark);
    },
    apply: async (script: string) => void (await administrator.run(script)),
    tryOut: (asked: Asked, password: string) => tryOut({ survey, address, ...more }, asked, password),
    [Symbol.asyncDispose]: () => administrator.close(),
  });
}

/** A person's own line to the database behind a whole postgres:// address, which reads and never writes. Throws `NotConnected`. */
export async function openByAddress(
  url: string,
  ca?: string,
): Promise<{ readonly administrator: Administrator; readonly database: string }> {
  const found = databaseIn(url);
  const [first] = found?.addresses ?? [];
  if (found === undefined || first === undefined)
    throw new NotConnected('it is no whole postgres:// address with a user');
  const more = { timeout: 600_000, ...(ca === undefined ? {} : { ca }) };
  const { administrator } = await opened(found.addresses, found.secret, more);
  await administrator.run('SET default_transaction_read_only = on');
  return { administrator, database: decodeURIComponent(new URL(first).pathname.slice(1)) };
}

async function opened(
  addresses: readonly string[],
  secret: string,
  more: { readonly ca?: string; readonly timeout?: number },
): Promise<{ administrator: Administrator; address: string }> {
  let last: unknown;
  for (const address of addresses) {
    try {
      return { administrator: await openAdministrator({ address, secret, ...more }), address };
    } catch (cause) {
      last = cause;
    }
  }
  throw new NotConnected(
    last instanceof SignInRefused
      ? `the server refuses the sign-in (SQLSTATE ${last.code})`
      : `the server cannot be reached: ${reasonOf(last)}`,
    { cause: last },
  );
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'nobody answered';
  const { code } = cause as { readonly code?: unknown };
  return typeof code === 'string' ? code : cause.message;
}

/** Reads need only be let through; whatever else is tried has to be refused by the server itself. */
async function tryOut(
  where: { readonly survey: Survey; readonly address: string; readonly ca?: string },
  { role, preset, schemas }: Asked,
  password: string,
): Promise<readonly Tried[]> {
  const { survey, address, ca } = where;
  const secret = `${encodeURIComponent(role)}:${password}`;
  const agent = await openAdministrator({ address, secret, ...(ca === undefined ? {} : { ca }) });
  try {
    const [readable] = await agent.run(readableQuestion(schemas));
    const [tables, of] = [Number(readable?.[0]), Number(readable?.[1])];
    const makes = survey.schemas.some((one) => one.publicCreates) || preset === 'migrate';
    return [
      { what: `signs in as \`${role}\``, well: true },
      { what: `reads ${tables} of ${of} tables`, well: tables > 0 || of === 0 },
      await refused(agent, 'cannot make a role', 'CREATE ROLE holdpoint_tried'),
      await refused(agent, 'cannot read a file of the server', "SELECT pg_catalog.pg_read_file('PG_VERSION')"),
      await refused(agent, 'cannot run a program on the server', "COPY (SELECT 1) TO PROGRAM 'true'"),
      ...(makes ? [] : [await refused(agent, 'cannot make a table', 'CREATE TABLE public.holdpoint_tried ()')]),
      ...(await fitness(secret, where)),
    ];
  } finally {
    await agent.close();
  }
}

/** Whatever it came to, nothing of it stays. */
async function refused(agent: Administrator, what: string, statement: string): Promise<Tried> {
  try {
    await agent.run(`BEGIN; ${statement}; ROLLBACK`);
    return { what, well: false };
  } catch (thrown) {
    if (!(thrown instanceof StatementRefused)) throw thrown;
    // 3F000: there is no such schema to make anything in.
    return { what, well: thrown.code === '42501' || thrown.code === '3F000' };
  }
}

async function fitness(
  secret: string,
  { address, ca }: { readonly address: string; readonly ca?: string },
): Promise<readonly Tried[]> {
  const asker = openAsker(providers);
  try {
    const route = { address, allowPrivate: true, ...(ca === undefined ? {} : { ca }) };
    const asking: Asking = await asker.ask({ provider: 'postgres', secret, route }, []);
    if (asking.kind !== 'answered') return [{ what: `says what it can do: ${asking.why}`, well: false }];
    const words = asking.reach.inWords;
    const unfit = words?.unfit ?? [];
    return [
      { what: words?.sentence ?? 'says what it can do', well: true },
      ...(unfit.length === 0 ? [{ what: 'is fit for agents', well: true }] : []),
      ...unfit.map((what) => ({ what, well: false })),
    ];
  } finally {
    await asker.close();
  }
}

function readableQuestion(schemas: readonly string[]): string {
  const names = schemas.map((one) => `'${one.replaceAll("'", "''")}'`).join(', ');
  return `SELECT count(*) FILTER (WHERE has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')), count(*)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'${names === '' ? '' : ` AND n.nspname IN (${names})`}`;
}
