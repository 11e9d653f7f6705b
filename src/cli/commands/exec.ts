import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { WhoAmI } from '../../contract/api.ts';
import { Api } from '../api/api.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode, type ExitCode } from '../exit-code.ts';
import { asUser } from '../exec/as-user.ts';
import { credentialsIn } from '../exec/credentials-in.ts';
import { variableOf, type Database } from '../exec/databases.ts';
import { childEnvironment, type ChildEnvironment } from '../exec/environment.ts';
import { findUser, type OsUser } from '../exec/os-user.ts';
import type { Invocation, Run } from '../invocation.ts';
import { notRunning, readRunning, type Running } from '../places.ts';
import { slug } from '../signing/signer.ts';
import { askTerminal } from '../terminal/prompt.ts';

const tokenShape = /^hp[ac]_[0-9A-HJKMNP-TV-Z]{26}_[A-Za-z0-9_-]{43}$/;

/** Runs a program as the agent: its token, the gate as its way out, none of our credentials. */
export const exec: Run = async (invocation) => {
  const [program, ...args] = invocation.afterDashes;
  if (program === undefined)
    throw misused('there is no command to run', 'put it behind two dashes: holdpoint exec cursor -- cursor .');
  const running = readRunning(invocation.places);
  if (running === undefined) throw notRunning(invocation.places, invocation.env);
  const userName = invocation.text('user') ?? usualUser(invocation, running);
  const user = userName === undefined ? undefined : findUser(userName);
  refuseServiceUser(invocation, running, user);
  const token = await tokenOf(invocation, invocation.word(0));
  // A token that is bound to the agent's user is good on that user's connections alone.
  const who = await asUser(user, () => whose(token, running, invocation.word(0)));
  const given = await environmentFor(invocation, running, user, { token, ...who });
  const { out } = invocation;
  out.note([
    'faint',
    `holdpoint: ${program} runs as agent ${who.name}${user === undefined ? '' : `, OS user ${user.name}`}, started as tier ${running.tier}`,
  ]);
  sayChanged(invocation, given);
  sayDatabase(invocation, given.database, who);
  return started(program, args, given.env, user);
};

/** The environment that the agent is given. Throws `Complaint` for what was asked of it and cannot be. */
async function environmentFor(
  invocation: Invocation,
  running: Running,
  user: OsUser | undefined,
  who: Whose & { readonly token: string },
): Promise<ChildEnvironment> {
  const own = {
    ...invocation.env,
    ...(user === undefined ? {} : { HOME: user.home, USER: user.name, LOGNAME: user.name, SHELL: user.shell }),
  };
  const database = invocation.text('database');
  if (database !== undefined && !who.databases.some((one) => one.name === database)) {
    const known = who.databases.map((one) => one.name).join(', ');
    throw misused(
      `this token reaches no database \`${database}\``,
      known === '' ? 'it reaches none: a token names its gates and environments' : `it reaches: ${known}`,
    );
  }
  const route = { ...who, gate: running.http, postgres: running.postgres, database, ...pick(running) };
  const given = childEnvironment(own, route, await credentialsIn(own), invocation.list('keep'));
  const [unkept] = given.unkept;
  if (unkept === undefined) return given;
  throw misused(`\`${unkept}\` cannot be kept: the agent has a value of its own there`, 'leave it out of --keep');
}

function pick({ api, bundle, tokenVariables }: Running): Pick<Running, 'api' | 'bundle' | 'tokenVariables'> {
  return { api, bundle, tokenVariables };
}

/** Names, never values. */
function sayChanged({ out }: Invocation, { removed, rerouted }: ChildEnvironment): void {
  if (removed.length > 0)
    out.note([
      'faint',
      `holdpoint: not passed on, because they look like credentials: ${removed.join(', ')} (--keep <name> passes one on)`,
    ]);
  if (rerouted.length > 0)
    out.note(['faint', `holdpoint: not passed on, because they lead round the gate: ${rerouted.join(', ')}`]);
}

function sayDatabase({ out }: Invocation, usual: Database | undefined, { databases, isForPostgres }: Whose): void {
  if (usual !== undefined)
    out.note(['faint', `holdpoint: DATABASE_URL and PGHOST lead to ${usual.name} (${usual.environment})`]);
  else if (databases.length > 1)
    out.note([
      'faint',
      `holdpoint: there are several databases, so DATABASE_URL is not set: ${databases.map(variableOf).join(', ')} (--database <name> chooses one)`,
    ]);
  else if (isForPostgres && databases.length === 0)
    out.note([
      'warning',
      'holdpoint: DATABASE_URL is not set: no PostgreSQL upstream of this token’s environments is in force (holdpoint.yaml, then `holdpoint apply`)',
    ]);
}

/** With root, the one that `up` made for agents. */
function usualUser(invocation: Invocation, running: Running): string | undefined {
  return invocation.isRoot && running.tier !== 'T0' ? running.agent?.name : undefined;
}

/** The agent must not run as the account that can read the vault, unless that was said when the daemon was started. */
function refuseServiceUser(invocation: Invocation, running: Running, user: OsUser | undefined): void {
  if (user !== undefined && !invocation.isRoot)
    throw misused('--user wants root', 'run it with sudo, or leave --user out to run the agent as yourself');
  const owner = statSync(invocation.places.running).uid;
  const agent = user?.uid ?? process.getuid?.();
  if (running.tier === 'T0' || (agent !== owner && agent !== 0)) return;
  throw new Complaint(
    `the agent would run as ${agent === 0 ? 'root' : 'the account of the daemon'}, which can read the vault`,
    'name its own OS user: holdpoint exec <agent> --user <os user> -- <command>',
    { exit: exitCode.denied },
  );
}

interface Whose {
  readonly name: string;
  readonly databases: readonly Database[];
  /** Whether its token is good at the PostgreSQL gate. */
  readonly isForPostgres: boolean;
}

/** Whose token this is and what it reaches, as the daemon knows it; a token that it does not take starts nothing. */
async function whose(token: string, running: Running, asked: string | undefined): Promise<Whose> {
  const who = await new Api(running.api, token).get<WhoAmI>('/v1/whoami');
  const { principal, upstreams } = who;
  if (principal.kind === 'human')
    throw misused('this is the token of a human', 'an agent has one of its own: holdpoint token create <agent>');
  if (asked !== undefined && asked !== principal.name)
    throw misused(`this token is of \`${principal.name}\`, not of \`${asked}\``, 'name the agent whose token it is');
  const isForPostgres = who.token.scope.gates.includes('postgres');
  const databases = isForPostgres ? upstreams.filter((one) => one.provider === 'postgres') : [];
  return { name: principal.name, databases, isForPostgres };
}

async function tokenOf(invocation: Invocation, name: string | undefined): Promise<string> {
  const path = invocation.text('tokenFile');
  const given = path === undefined ? invocation.env['HOLDPOINT_AGENT_TOKEN'] : readToken(path);
  if (given === undefined && name === undefined)
    throw misused('whose token?', 'name the agent, or give --token-file <file>');
  const token = given ?? savedToken(invocation, name ?? '') ?? (await askForToken(name ?? ''));
  if (tokenShape.test(token)) return token;
  throw new Complaint(
    'this is no agent token',
    'make one: holdpoint token create <agent> --preset <preset> --env <environment>',
    {
      exit: exitCode.usage,
    },
  );
}

async function askForToken(name: string): Promise<string> {
  const instead = '--token-file <file>, or keep it when you make it: holdpoint token create … --save';
  return (
    await askTerminal(`token of ${name} (as \`holdpoint token create\` showed it):`, { hidden: true, instead })
  ).trim();
}

function savedToken(invocation: Invocation, name: string): string | undefined {
  try {
    return readFileSync(join(invocation.places.agents, `${slug(name)}.token`), 'utf8').trim();
  } catch (cause) {
    if (cause instanceof Complaint) throw cause;
    return undefined;
  }
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new Complaint(`the token file \`${path}\` cannot be read`, 'name the file that holds the agent token', {
      exit: exitCode.usage,
      cause,
    });
  }
}

async function started(
  program: string,
  args: readonly string[],
  env: { readonly [name: string]: string },
  user: OsUser | undefined,
): Promise<ExitCode> {
  const child = spawn(program, args, {
    stdio: 'inherit',
    env,
    ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
  });
  // The terminal sends these to the child as well; we stay until it has ended.
  const passed = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM'] as const;
  const pass = (signal: NodeJS.Signals): void =>
    void (signal === 'SIGTERM' || signal === 'SIGHUP' ? child.kill(signal) : undefined);
  for (const signal of passed) process.on(signal, pass);
  try {
    return await new Promise<ExitCode>((resolve, reject) => {
      child.on('error', reject);
      // The program's own exit code is ours, whatever it is.
      child.on('close', (code, signal) =>
        resolve((code ?? 128 + (signal === null ? 1 : constants.signals[signal])) as ExitCode),
      );
    });
  } catch (cause) {
    throw new Complaint(`\`${program}\` cannot be started`, 'is it installed, and on the PATH of that user?', {
      cause,
    });
  } finally {
    for (const signal of passed) process.off(signal, pass);
  }
}
