import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Double, startDouble } from '../../demo/railway/double.ts';
import { writeRepository } from '../../demo/pocketos/repository.ts';
import { Rig } from '../cli/rig.ts';
import { straceMissing } from '../fault/journal-strace.ts';

interface Scanned {
  readonly findings: readonly {
    readonly id: string;
    readonly kind: string;
    readonly place: { readonly path: string; readonly line: number };
    readonly facts: readonly { readonly about: string; readonly says: string; readonly sums?: true }[];
  }[];
  readonly preconditions: readonly { readonly name: string; readonly state: string }[];
}

let double: Double;
let rig: Rig;
let home: string;
let repository: string;

beforeAll(async () => {
  double = await startDouble();
  rig = new Rig();
  home = join(rig.root, 'mira');
  repository = join(home, 'counter');
  mkdirSync(join(home, '.railway'), { recursive: true });
  const { tokens, ids } = double;
  writeFileSync(
    join(home, '.railway/config.json'),
    `${JSON.stringify({ projects: {}, user: { token: tokens.account } }, null, 2)}\n`,
    { mode: 0o600 },
  );
  writeRepository(repository, {
    endpoint: 'https://backboard.railway.com/graphql/v2',
    stagingToken: tokens.staging,
    domainsToken: tokens.domains,
    ids: {
      project: ids.project,
      volume: ids.volume,
      staging: ids.environments.staging,
      counter: ids.services.counter,
    },
  });
  const up = await rig.up();
  expect(up.code, up.stderr).toBe(0);
  const where = `address: "http://127.0.0.1:${double.port}", private: true`;
  const yaml = `version: 1
environments:
  staging: { production: false, railway: ["${ids.environments.staging}"] }
  production: { production: true, railway: ["${ids.environments.production}"] }
upstreams:
  railway-domains: { provider: railway, environment: production, credential: vault:railway-domains, ${where} }
  railway-account: { provider: railway, environment: production, credential: vault:railway-account, lookups: true, ${where} }
  railway-staging: { provider: railway, environment: staging, credential: vault:railway-staging, ${where} }
`;
  const applied = await rig.sign(['apply', '--file', rig.write('holdpoint.yaml', yaml)]);
  expect(applied.code, applied.stderr).toBe(0);
}, 60_000);
afterAll(async () => {
  await rig.close();
  await double.stop();
});

const scanning = (): readonly string[] => ['scan', '--path', repository, '--home', home];
const at = (): readonly string[] => ['--ask-at', `http://127.0.0.1:${double.port}`];
const asking = (): readonly string[] => ['--ask', ...at()];

function file(name: string): string {
  return join(home, name);
}

function digests(): { readonly [name: string]: string } {
  const names = ['.railway/config.json', 'counter/.env', 'counter/scripts/domains.sh'];
  return Object.fromEntries(
    names.map((name) => [
      name,
      `${statSync(file(name)).mode.toString(8)} ${createHash('sha256')
        .update(readFileSync(file(name)))
        .digest('hex')}`,
    ]),
  );
}

const red = {
  'token-in-reach': 'fail',
  'over-privileged': 'fail',
  'backups-in-reach': 'fail',
  'shared-credential': 'fail',
  'uncovered-routes': 'fail',
};
const green = {
  'token-in-reach': 'pass',
  'over-privileged': 'pass',
  'backups-in-reach': 'fail',
  'shared-credential': 'pass',
  'uncovered-routes': 'pass',
};

function statesOf(scanned: Scanned): { readonly [name: string]: string } {
  return Object.fromEntries(scanned.preconditions.map(({ name, state }) => [name, state]));
}

async function scanned(args: readonly string[], env: { readonly [name: string]: string } = {}): Promise<Scanned> {
  const ran = await rig.run([...scanning(), ...args, '--json'], { env });
  for (const token of Object.values(double.tokens)) expect(ran.stdout + ran.stderr).not.toContain(token);
  return JSON.parse(ran.stdout) as Scanned;
}

describe('a home and a repository like those of the incident', { timeout: 60_000 }, () => {
  let before: ReturnType<typeof digests>;

  it('N1: the token for domains is found, asked about, and described in one true sentence', async () => {
    before = digests();
    const from = double.log.length;
    const found = await scanned(asking());
    const domains = found.findings.find(({ place }) => place.path === file('counter/scripts/domains.sh'));
    expect(domains).toMatchObject({ kind: 'railway', place: { line: 4 } });
    expect(domains?.facts.find((fact) => fact.sums)?.says).toBe(
      'an account token: can call 230 mutations in 5 environments, 3 of them production by name, 9 backups in reach; made for custom domains: needs 4',
    );
    const said = await rig.run([...scanning(), ...asking()]);
    expect(said.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'Railway token in scripts/domains.sh:4: an account token: can call 230 mutations in 5 environments',
    );
    const since = double.log.slice(from);
    expect(since.filter((one) => one.kind === 'change' || one.kind === 'destruction')).toEqual([]);
    expect(since.filter((one) => one.kind === 'operation' && one.type !== 'query')).toEqual([]);
  });

  it('N2: all five preconditions of the incident are red, and two are not known before anybody asked', async () => {
    expect(statesOf(await scanned(asking()))).toEqual(red);
    expect(statesOf(await scanned([]))).toMatchObject({
      'token-in-reach': 'fail',
      'over-privileged': 'unknown',
      'shared-credential': 'unknown',
    });
  });

  it('N1: each credential is asked about once, wherever it is asked from nothing is said of it', async () => {
    const requests = (): number => double.log.filter((one) => one.kind === 'request').length;
    const start = requests();
    await scanned(asking());
    const plain = requests() - start;
    await scanned(asking(), { RAILWAY_API_TOKEN: double.tokens.domains });
    expect(requests() - start).toBe(2 * plain);
  });

  it('N1: a provider that is down leaves everything unknown and nothing green', async () => {
    const found = await scanned(['--ask', '--ask-at', 'http://127.0.0.1:9']);
    expect(statesOf(found)).toMatchObject({ 'over-privileged': 'unknown', 'shared-credential': 'unknown' });
    expect(JSON.stringify(found)).toContain('not asked: railway did not answer');
  });

  it('N3: without a signature nothing is moved, and the file stays as it is', async () => {
    const ran = await rig.run([...scanning(), '--move', `${file('counter/scripts/domains.sh')}:4`, ...at()]);
    expect(ran.code).not.toBe(0);
    expect(digests()).toEqual(before);
    expect((await rig.json<{ entries: object[] }>(['vault', 'list'])).entries).toEqual([]);
  });

  it.skipIf(straceMissing() !== undefined)(
    'N3: killed between the vault and the file, it is said how they stand, and the next move finishes it',
    async () => {
      const path = file('counter/scripts/domains.sh');
      const bin = join(import.meta.dirname, '../../bin/holdpoint.js');
      const args = [...scanning(), '--move', `${path}:4`, ...at(), '--passphrase-file', rig.passphrase];
      const kill = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=rename', '-e', 'inject=rename:signal=SIGKILL:when=1'];
      // Not waited for by blocking: the double lives in this process.
      const child = spawn('strace', [...kill, process.execPath, bin, ...args], {
        env: { ...rig.env, NODE_DISABLE_COMPILE_CACHE: '1' },
        stdio: 'ignore',
      });
      const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
      expect(signal).toBe('SIGKILL');
      expect(digests()).toEqual(before);
      const { moves } = await rig.json<{ moves: { entry: string; file: string }[] }>(['scan', '--moved']);
      expect(moves).toMatchObject([{ entry: 'railway-domains', file: 'the credential is in it' }]);
      expect((await rig.json<{ entries: object[] }>(['vault', 'list'])).entries).toHaveLength(1);
      expect(readdirSync(join(repository, 'scripts'))).toHaveLength(2);
    },
  );

  it('N3: each is moved, and leaves a reference; all but the backups is green under exec', async () => {
    const moves = [
      [`${file('counter/scripts/domains.sh')}:4`, 'railway-domains'],
      [`${file('counter/.env')}:3`, 'railway-staging'],
    ] as const;
    for (const [which, entry] of moves) {
      const ran = await rig.sign([...scanning(), '--move', which, ...at()]);
      expect(ran.code, ran.stderr).toBe(0);
      expect(ran.stdout).toContain(`to vault:${entry}; in its place: \${RAILWAY`);
      expect(ran.stdout).toContain('rotate it at https://railway.com/');
      expect(ran.stdout).toContain('moving it here does not unleak it');
      for (const token of Object.values(double.tokens)) expect(ran.stdout + ran.stderr).not.toContain(token);
    }
    const found = await scanned([]);
    const left = found.findings.find(({ place }) => place.path === file('.railway/config.json'));
    const ran = await rig.sign([...scanning(), '--move', left?.id ?? '', ...at()]);
    expect(ran.code, ran.stderr).toBe(0);

    expect(readFileSync(file('counter/scripts/domains.sh'), 'utf8')).toContain('RAILWAY_TOKEN="${RAILWAY_TOKEN}"');
    expect(readFileSync(file('counter/.env'), 'utf8')).toContain('RAILWAY_API_TOKEN=${RAILWAY_API_TOKEN}\n');
    expect(JSON.parse(readFileSync(file('.railway/config.json'), 'utf8'))).toMatchObject({
      user: { token: 'vault:railway-account' },
    });
    expect(readdirSync(join(repository, 'scripts'))).toEqual(['domains.sh']);

    const made = await rig.sign([
      'token',
      'create',
      'support',
      '--preset',
      'railway:domains',
      '--env',
      'staging',
      '--save',
    ]);
    expect(made.code, made.stderr).toBe(0);
    const bin = join(import.meta.dirname, '../../bin/holdpoint.js');
    const under = await rig.run(
      ['exec', 'support', '--', process.execPath, bin, ...scanning(), ...asking(), '--json'],
      { env: { RAILWAY_API_TOKEN: double.tokens.account, HOME: home } },
    );
    const seen = JSON.parse(under.stdout) as Scanned;
    expect(seen.findings).toEqual([]);
    expect(statesOf(seen)).toEqual(green);
  });

  it('N3: the reference works: the script makes its domain in staging through the gate, and not in production', async () => {
    const input = (environmentId: string, domain: string): string =>
      JSON.stringify({ projectId: double.ids.project, environmentId, serviceId: double.ids.services.counter, domain });
    const run = (environmentId: string, domain: string) =>
      rig.run(['exec', 'support', '--', 'sh', file('counter/scripts/domains.sh'), input(environmentId, domain)]);
    const { staging, production } = double.ids.environments;
    const ran = await run(staging, 'new.staging.pocketos.example');
    expect(ran.stdout, ran.stderr).toContain('customDomainCreate');
    expect(double.state.find('customDomains', { domain: 'new.staging.pocketos.example' })).toBeDefined();
    const refused = await run(production, 'new.pocketos.example');
    expect(refused.stdout).toContain('HOLDPOINT_DENIED');
    expect(double.state.find('customDomains', { domain: 'new.pocketos.example' })).toBeUndefined();
  });

  it('N3: each goes back byte for byte with its mode, by a signature; changed files are left alone', async () => {
    const { moves } = await rig.json<{ moves: { id: string; path: string }[] }>(['scan', '--moved']);
    expect(moves).toHaveLength(3);
    expect(JSON.stringify(moves)).not.toContain(double.tokens.domains);
    const env = moves.find((one) => one.path === file('counter/.env'));
    const kept = readFileSync(file('counter/.env'));
    writeFileSync(file('counter/.env'), 'somebody wrote this\n');
    const left = await rig.sign(['scan', '--move-back', env?.id ?? '']);
    expect(left.code).toBe(1);
    expect(left.stderr).toContain('was changed since');
    expect(readFileSync(file('counter/.env'), 'utf8')).toBe('somebody wrote this\n');
    writeFileSync(file('counter/.env'), kept);
    const unsigned = await rig.run(['scan', '--move-back', env?.id ?? '']);
    expect(unsigned.code).toBe(2);
    for (const { id } of moves) {
      const ran = await rig.sign(['scan', '--move-back', id]);
      expect(ran.code, ran.stderr).toBe(0);
      for (const token of Object.values(double.tokens)) expect(ran.stdout + ran.stderr).not.toContain(token);
    }
    expect(digests()).toEqual(before);
    expect((await rig.sign(['scan', '--move-back', env?.id ?? ''])).stdout).toContain('has the credential already');
    expect(statesOf(await scanned(asking()))).toEqual(red);
  });

  it('N3: one that the vault keeps already is taken out again without another signature', async () => {
    const ran = await rig.run([...scanning(), '--move', `${file('counter/.env')}:3`, ...at()]);
    expect(ran.code, ran.stderr).toBe(0);
    expect(readFileSync(file('counter/.env'), 'utf8')).not.toContain(double.tokens.staging);
  });

  it('N1: env discover asks the daemon about one of the vault, and prints a configuration that is taken', async () => {
    const answer = await rig.json<{ yaml: string; reach: { kind: string } }>([
      'env',
      'discover',
      '--credential',
      'vault:railway-staging',
      '--not-production',
      'staging',
    ]);
    expect(answer.reach.kind).toBe('project');
    expect(answer.yaml).toContain(`staging: { production: false, railway: ["${double.ids.environments.staging}"] }`);
    const piped = await rig.run(['env', 'discover', '--token-stdin', '--ask-at', `http://127.0.0.1:${double.port}`], {
      input: double.tokens.domains,
    });
    expect(piped.code, piped.stderr).toBe(0);
    expect(piped.stdout).not.toContain('production: false');
    const applied = await rig.sign(['apply', '--file', rig.write('found.yaml', piped.stdout)]);
    expect(applied.stderr).not.toContain('found.yaml:');
  });
});
