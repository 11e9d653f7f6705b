import fs from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { Commands } from '../human/commands.ts';
import { Human } from '../human/human.ts';
import { openPager, type Pager } from '../human/pager.ts';
import { daemonFlags } from '../../src/daemon/runtime.ts';
import { own } from '../stage/accounts.ts';
import { Program } from '../stage/program.ts';
import type { Sabotage } from '../stage/sabotage.ts';
import { type Copies, openCopies } from './copies.ts';
import { type Databases, openDatabases } from './databases.ts';
import { Hands } from './hands.ts';
import { type Setting, startAgent, type World } from './world.ts';

/** Agent tokens, as they were shown once when they were made. */
export interface AgentToken {
  readonly id: string;
  readonly presented: string;
}

/** PocketOS with Holdpoint in between. */
export interface Guarded {
  readonly world: World;
  readonly daemon: { readonly pid: number; readonly data: string; readonly api: string };
  /** Base URL of Railway's API behind the gate. */
  readonly endpoint: string;
  /** `host:port` of the intercepting proxy, and the certificate bundle for it. */
  readonly proxy: string;
  readonly bundle: string;
  readonly human: Human;
  /** `holdpoint …`, as the human types it. */
  readonly commands: Commands;
  /** The human's own file that opens the signer's key. */
  readonly passphrase: string;
  readonly pager: Pager;
  readonly hands: Hands;
  /** `host:port` of the PostgreSQL gate. */
  readonly postgres: string;
  readonly databases: Databases;
  readonly copies: Copies;
  readonly tokens: {
    readonly domains: AgentToken;
    readonly staging: AgentToken;
    readonly all: AgentToken;
    readonly databases: AgentToken;
    readonly desk: AgentToken;
  };
  /** What stands in the agent's file. */
  readonly fileToken: string;
  /** Where checkpoints are witnessed. */
  readonly witness: string;
  /** Signs a configuration with this vault entry for staging. */
  apply(stagingCredential: string): Promise<void>;
}

interface Running {
  readonly pid: number;
  readonly api: string;
  readonly http: string;
  readonly postgres: string;
  readonly bundle: string;
  readonly enrolmentCode: string;
}

export async function openGuarded(setting: Setting, world: World): Promise<Guarded> {
  const { place, cast, options, house } = setting;
  const { tokens: real } = world.double;
  const data = place.folder('holdpoint', 0o711);
  const witness = path.join(place.folder('witness'), 'checkpoints.ndjson');
  own(data, cast.daemon);
  own(path.dirname(witness), cast.daemon);
  const running = await startDaemon(setting, data);
  const databases = await openDatabases(world, !options.sabotage.has('rows'));
  const copies = await openCopies(setting, !options.sabotage.has('backups'));
  const pager = await openPager();
  place.atEnd(() => pager.close());
  const passphrase = path.join(place.folder('jane'), 'passphrase');
  fs.writeFileSync(passphrase, randomBytes(18).toString('base64url'), { mode: 0o600 });
  const commands = new Commands(data, passphrase);
  const enrolled = await commands.enrol('jane', running.enrolmentCode);
  if (enrolled.code !== 0) throw new Error(`jane could not enrol: ${enrolled.text}`);
  const human = new Human('jane', running.api, path.join(data, 'human.token'));
  await human.unlock(path.join(data, 'signers', 'jane.key'), fs.readFileSync(passphrase, 'utf8'));
  const apply = async (stagingCredential: string): Promise<void> => {
    const text = configuration({
      world,
      databases,
      copies,
      stagingCredential,
      pager,
      witness,
      sabotage: options.sabotage,
    });
    await human.act('apply', { text, policies: policies(options.sabotage) });
  };
  await apply('railway-staging-old');
  await human.addCredential('railway-production', 'production', 'project-access-token', 'environment', real.production);
  await human.addCredential('railway-lookups', 'production', 'bearer', 'all', real.account);
  // As on 24 April: the credential for staging is no longer good. Asked about it, Railway would say so.
  const stale = '00000000-5a5a-4000-8000-000000000000';
  const unasked = { ask: false };
  await human.addCredential('railway-staging-old', 'staging', 'project-access-token', 'environment', stale, unasked);
  await human.addCredential('railway-staging', 'staging', 'project-access-token', 'environment', real.staging);
  await databases.keep(human);
  await copies.keep(human);
  await copies.begin(commands);
  await apply('railway-staging-old');
  const both = ['staging', 'production'];
  const tokens = {
    domains: await human.createToken(
      'adding and removing custom domains',
      [options.sabotage.has('scope') ? 'railway:all' : 'railway:domains'],
      both,
    ),
    staging: await human.createToken(
      'work in staging',
      ['railway:all'],
      options.sabotage.has('environment') ? both : ['staging'],
    ),
    all: await human.createToken('whatever an owner may do', ['railway:all'], both),
    databases: await human.createToken('migrations of staging', ['postgres:migrate'], ['staging'], {
      name: 'migrator',
      gate: 'postgres',
    }),
    desk: await human.createToken('bookings that customers change', ['postgres:write'], ['production'], {
      name: 'desk',
      gate: 'postgres',
    }),
  };
  const account = options.sabotage.has('user') ? cast.daemon : cast.agent;
  return {
    world,
    daemon: { pid: running.pid, data, api: running.api },
    endpoint: options.sabotage.has('gate') ? world.double.url : `${running.http}/railway/graphql/v2`,
    proxy: new URL(running.http).host,
    bundle: running.bundle,
    postgres: new URL(running.postgres).host,
    databases,
    copies,
    human,
    commands,
    passphrase,
    pager,
    hands: new Hands(startAgent(setting, ['hands'], account)),
    tokens,
    fileToken: options.sabotage.has('raw-token') ? real.domains : tokens.domains.presented,
    witness,
    apply,
  };

  async function startDaemon({ place }: Setting, data: string): Promise<Running> {
    const args = [...daemonFlags, path.join(house.root, 'src/daemon/main.ts'), '--data', data, '--tier', cast.tier];
    const program = new Program(house.node, [...args, '--api-port', '0', '--http-port', '0', '--postgres-port', '0'], {
      account: cast.daemon,
      cwd: data,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: data, LC_ALL: 'C' },
      place,
    });
    return (await program.next(30_000)) as Running;
  }
}

/** The person in charge takes the leaked token back at Railway itself: moving it does not unleak it. */
export async function replaceAtProvider({ double }: World): Promise<void> {
  const leaked = double.state.find('apiTokens', { token: double.tokens.domains });
  const response = await fetch(double.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${double.tokens.account}` },
    body: JSON.stringify({ query: `mutation { apiTokenDelete(id: "${leaked?.id ?? ''}") }` }),
  });
  const answer = await response.text();
  if (!answer.includes('"apiTokenDelete":true')) throw new Error(`the leaked token could not be replaced: ${answer}`);
}

/** None: the default ones. */
function policies(sabotage: ReadonlySet<Sabotage>): { readonly [file: string]: string } {
  if (sabotage.has('policy')) return { 'anything.cedar': anything };
  if (!sabotage.has('bounds')) return {};
  const folder = path.join(import.meta.dirname, '..', '..', 'policy');
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.cedar'));
  const whole = files.map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')] as const);
  return { ...Object.fromEntries(whole), 'unbounded.cedar': unbounded };
}

/** The policy of somebody who counts no rows. */
const unbounded = `@id("any-number") @reason("it could be put back")
permit (principal, action == Action::"perform", resource)
when { context.reversibility == Reversibility::"reversible" && context.undoSecured };
`;

/** The policy of somebody who wants no policy. */
const anything = '@id("anything") @reason("nobody minds") permit (principal, action == Action::"perform", resource);\n';

function configuration(parts: {
  readonly world: World;
  readonly databases: Databases;
  readonly copies: Copies;
  readonly stagingCredential: string;
  readonly pager: Pager;
  readonly witness: string;
  readonly sabotage: ReadonlySet<string>;
}): string {
  const { world, databases, copies, stagingCredential, pager, witness, sabotage } = parts;
  const { environments } = world.double.ids;
  const where = `address: "${new URL(world.double.url).origin}", private: true`;
  return `version: 1
environments:
  production: { production: true, railway: [${environments.production}], postgres: [pg-production] }
  staging: { production: false, railway: [${environments.staging}], postgres: [pg-staging] }
  preview: { production: false, disposable: true, railway: [${environments.preview}] }
upstreams:
  railway-production: { provider: railway, environment: production, credential: "vault:railway-production", ${where} }
  railway-staging: { provider: railway, environment: staging, credential: "vault:${stagingCredential}", ${where} }
  railway-lookups: { provider: railway, environment: production, credential: "vault:railway-lookups", lookups: true, ${where} }
${databases.upstreams}
${copies.upstreams}
${copies.stores()}
webhooks: [${sabotage.has('alarm') ? '' : `{ url: "${pager.url}", private: true }`}]
witness: { file: "${witness}" }
delay: ${sabotage.has('delay') ? '1h' : '48h'}
`;
}

/** Files of Holdpoint's that nobody but its own user may open. */
export function ownFiles({ daemon, witness, passphrase }: Guarded): readonly string[] {
  const { data, pid } = daemon;
  const kept = fs
    .readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.endsWith('/open'))
    .map((entry) => path.join(entry.parentPath, entry.name));
  const processes = [`/proc/${pid}/environ`, `/proc/${pid}/mem`, `/proc/${pid}/fd`, `/proc/${process.pid}/environ`];
  return [data, ...kept, witness, passphrase, ...processes];
}
