import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Rig } from './rig.ts';
import { type Double, startDouble } from '../../demo/railway/double.ts';

/** The life of an installation, one command after the other, on the real daemon and the double that truly destroys. */
let double: Double;
let rig: Rig;
let agentToken = '';

interface Listed {
  readonly holds: readonly {
    readonly code: string;
    readonly state: string;
    readonly varyingFact: string;
    readonly digest: string;
  }[];
}

beforeAll(async () => {
  double = await startDouble();
  rig = new Rig();
});

afterAll(async () => {
  await rig.close();
  await double.stop();
});

const volumeDelete = 'mutation volumeDelete($volumeId: String!) { volumeDelete(volumeId: $volumeId) }';

async function ask(query: string, variables: object): Promise<{ text: string; code: string | undefined }> {
  const answer = await fetch(`${rig.running.http}/railway/graphql/v2`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${agentToken}` },
    body: JSON.stringify({ query, variables }),
  });
  const text = await answer.text();
  return { text, code: /"code":"(HOLDPOINT_\w+)"/.exec(text)?.[1] };
}

function executed(name: string): number {
  return double.log.filter((entry) => entry.kind === 'operation' && entry.name === name).length;
}

async function heldCode(): Promise<string> {
  const { holds } = await rig.json<Listed>(['hold', 'list', '--state', 'waiting']);
  return holds[0]?.code ?? 'none';
}

describe('starting', () => {
  test('T0 without --same-user and without root nothing is claimed, and what to do is said', async () => {
    if (process.getuid?.() === 0) return;
    const ran = await rig.run(['up']);
    expect(ran.stderr).toContain('sudo holdpoint up');
    expect(ran.code).toBe(2);
  });

  test('F1 commands without a daemon say where they looked and exit 6', async () => {
    const ran = await rig.run(['status']);
    expect(ran.stderr).toContain(`${rig.data}/open/running.json`);
    expect(ran.stderr).toMatch(/hint: start it with `holdpoint up`/);
    expect(ran.code).toBe(6);
  });

  test('T0 up --same-user makes the first signer, says the tier and what is not covered', async () => {
    const ran = await rig.up();
    expect(ran.stderr).toContain('enrolled jane');
    expect(ran.stdout).toContain('tier T0');
    expect(ran.stdout).toContain('not covered:');
    expect(ran.code).toBe(0);
  });

  test('C1 what it wrote is this account’s alone, but for what agents have to read', () => {
    const modes = (path: string): number => statSync(join(rig.data, path)).mode & 0o777;
    expect(modes('human.token')).toBe(0o600);
    expect(modes('signers/jane.key')).toBe(0o600);
    expect(modes('signers')).toBe(0o700);
    expect(modes('state')).toBe(0o700);
    expect(modes('open/ca-bundle.pem')).toBe(0o644);
    expect(modes('open')).toBe(0o755);
  });

  test('up again changes nothing', async () => {
    const { pid } = rig.running;
    const ran = await rig.up();
    expect(ran.stderr).toContain('runs already');
    expect(ran.code).toBe(0);
    expect(rig.running.pid).toBe(pid);
    expect(readdirSync(join(rig.data, 'signers'))).toEqual(['jane.key']);
  });

  test('H2 the key rests sealed: its private half is nowhere in the data directory', () => {
    const file = JSON.parse(readFileSync(join(rig.data, 'signers/jane.key'), 'utf8')) as Record<string, unknown>;
    expect(Object.keys(file).sort()).toEqual(['derivation', 'name', 'publicKey', 'schema', 'sealed']);
    expect(file['derivation']).toMatchObject({ name: 'argon2id', memory: 65_536 });
  });
});

describe('configuring', () => {
  const yaml = (): string => `version: 1
environments:
  staging: { production: false, railway: [${double.ids.environments['staging']}] }
  production: { production: true, railway: [${double.ids.environments['production']}] }
upstreams:
  railway-production: { provider: railway, environment: production, credential: vault:railway-production, address: "http://127.0.0.1:${double.port}", private: true }
  railway-staging: { provider: railway, environment: staging, credential: vault:railway-staging, address: "http://127.0.0.1:${double.port}", private: true }
  railway-eyes: { provider: railway, environment: production, credential: vault:railway-eyes, address: "http://127.0.0.1:${double.port}", private: true, lookups: true }
`;

  test('F3 a broken holdpoint.yaml is refused at its line, quoted, and changes nothing', async () => {
    const path = rig.write('broken.yaml', yaml().replace('production: true', 'production: maybe'));
    const ran = await rig.sign(['apply', '--file', path]);
    expect(ran.stderr).toContain(`${path}:4:17 environments.production.production`);
    expect(ran.stderr).toContain('4 |   production: { production: maybe');
    expect(ran.stderr).toMatch(/\n +\| {17}\^/);
    expect(ran.code).toBe(2);
    const gone = await rig.run(['apply', '--file', 'nowhere.yaml']);
    expect(gone.stderr).toContain('is not there');
    expect(gone.code).toBe(2);
    expect(await rig.json(['env', 'list'])).toEqual({ environments: [] });
  });

  test('H2 apply shows what changes and is signed; without a passphrase nothing is applied', async () => {
    const path = rig.write('holdpoint.yaml', yaml());
    const unsigned = await rig.run(['apply'], { input: 'correct horse battery staple\n' });
    expect(unsigned.stderr).toContain('there is no terminal to ask at');
    expect(unsigned.code).toBe(2);
    expect(await rig.json(['env', 'list'])).toEqual({ environments: [] });
    const ran = await rig.sign(['apply', '--file', path]);
    expect(ran.stderr).toContain('+ environments:');
    expect(ran.code, ran.stderr).toBe(0);
    expect((await rig.run(['apply', '--file', path])).stdout).toContain('nothing changes');
  });

  test('H2 a wrong passphrase signs nothing', async () => {
    const wrong = rig.write('wrong', 'something else entirely\n');
    expect((await rig.run(['thaw', '--passphrase-file', wrong])).code).toBe(0);
    const ran = await rig.run([
      'token',
      'create',
      'x',
      '--preset',
      'railway:read',
      '--env',
      'staging',
      '--passphrase-file',
      wrong,
    ]);
    expect(ran.stderr).toContain('others may read');
    spawnSync('chmod', ['600', wrong]);
    const again = await rig.run([
      'token',
      'create',
      'x',
      '--preset',
      'railway:read',
      '--env',
      'staging',
      '--passphrase-file',
      wrong,
    ]);
    expect(again.stderr).toContain('does not open the key of `jane`');
    expect(again.code).toBe(1);
  });

  test('C5 a credential goes into the vault by a descriptor and is never shown', async () => {
    for (const [name, token, more] of [
      ['railway-production', double.tokens.production, ['--kind', 'project-access-token', '--reach', 'environment']],
      ['railway-staging', double.tokens.staging, ['--kind', 'project-access-token', '--reach', 'environment']],
    ] as const) {
      const ran = await rig.sign(['vault', 'add', name, ...more, '--secret-fd', '0'], { input: token });
      expect(ran.code, ran.stderr).toBe(0);
      expect(ran.stdout + ran.stderr).not.toContain(token);
    }
    const eyes = ['vault', 'add', 'railway-eyes', '--kind', 'bearer', '--reach', 'all', '--secret-fd', '0'];
    expect((await rig.sign(eyes, { input: double.tokens.account })).code).toBe(0);
    const listed = await rig.run(['vault', 'list', '--json']);
    expect(listed.stdout).toContain('railway-eyes');
    expect(listed.stdout).not.toContain(double.tokens.account);
  });

  test('T0 takes no production credential for a real provider, whichever comes first', async () => {
    const real =
      yaml().replace(
        `railway-eyes: { provider: railway, environment: production`,
        `railway-eyes: { provider: railway, environment: staging`,
      ) + '  railway-real: { provider: railway, environment: production, credential: vault:railway-real }\n';
    const applied = await rig.sign(['apply', '--file', rig.write('real.yaml', real)]);
    expect(applied.code, applied.stderr).toBe(0);
    const args = ['vault', 'add', 'railway-real', '--kind', 'bearer', '--reach', 'environment', '--secret-fd', '0'];
    const added = await rig.sign(args, { input: 'a real one' });
    expect(added.stderr).toContain('tier T0 takes no production credential');
    expect(added.code).toBe(3);
    const elsewhere = ['vault', 'add', 'spare', '--provider', 'railway', ...args.slice(3)];
    for (const environment of ['production', 'prod']) {
      const early = await rig.sign([...elsewhere, '--env', environment], { input: 'a real one' });
      expect(early.stderr).toContain('tier T0 takes no production credential');
      expect(early.code).toBe(3);
    }
    const turned = real
      .replaceAll(', private: true', '')
      .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'https://railway.example.com');
    const later = await rig.sign(['apply', '--file', rig.write('turned.yaml', turned)]);
    expect(later.stderr).toContain('tier T0 takes no production credential');
    expect(later.code).toBe(3);
    expect((await rig.sign(['apply', '--file', join(rig.root, 'holdpoint.yaml')])).code).toBe(0);
    const again = await rig.sign(
      ['vault', 'add', 'railway-eyes', '--kind', 'bearer', '--reach', 'all', '--secret-fd', '0'],
      { input: 'x' },
    );
    expect(again.stderr).toContain('already');
  });

  test('C2 a token is shown once; unknown presets and environments are named with the known ones', async () => {
    const preset = await rig.sign(['token', 'create', 'cursor', '--preset', 'railway:nope', '--env', 'staging']);
    expect(preset.stderr).toMatch(/known: .*railway:domains/);
    expect(preset.code).toBe(2);
    const place = await rig.sign(['token', 'create', 'cursor', '--preset', 'railway:domains', '--env', 'prod']);
    expect(place.stderr).toContain('known: staging, production');
    const args = [
      'token',
      'create',
      'cursor',
      '--preset',
      'railway:all',
      '--env',
      'production,staging',
      '--purpose',
      'a test',
    ];
    const ran = await rig.sign(args);
    agentToken = /hpa_\w+_[\w-]{43}/.exec(ran.stdout)?.[0] ?? '';
    expect(agentToken, ran.stderr).not.toBe('');
    const listed = await rig.run(['token', 'list', '--json']);
    expect(listed.stdout).not.toContain(agentToken.slice(-43));
    expect(existsSync(join(rig.data, 'agents'))).toBe(false);
  });
});

describe('a held delete', () => {
  test('H3 its page is shown whole, with the environment, the backups and the digest', async () => {
    const asked = await ask(volumeDelete, { volumeId: double.ids.volume });
    expect(asked.code, asked.text).toBe('HOLDPOINT_HELD');
    const code = await heldCode();
    const ran = await rig.run(['hold', 'show', code]);
    expect(ran.stdout).toContain('IRREVERSIBLE');
    expect(ran.stdout).toContain(double.ids.volume);
    expect(ran.stdout).toContain('PRODUCTION');
    expect(ran.stdout).toContain('not proof of a human');
    expect(ran.stdout).toMatch(/digest [0-9a-f]{64}/);
    expect(ran.code).toBe(0);
  });

  test('H4 nothing is signed without the varying fact, nor with another one, nor with one piped in', async () => {
    const code = await heldCode();
    const piped = await rig.sign(['approve', code], { input: 'pg-data\n' });
    expect(piped.stderr).toContain('there is no terminal to ask at');
    expect(piped.code).toBe(2);
    const constant = await rig.sign(['approve', code, '--typed', 'yes']);
    expect(constant.stderr).toContain('`yes` is not what the page asks for');
    expect(constant.code).toBe(1);
    expect(await heldCode()).toBe(code);
  });

  test('H1 the agent cannot approve, whatever it sends', async () => {
    const code = await heldCode();
    const ran = await rig.sign(['approve', code, '--typed', 'pg-data'], { env: { HOLDPOINT_TOKEN: agentToken } });
    expect(ran.stderr).toContain('this is for humans');
    expect(ran.code).toBe(3);
    const shown = await rig.run(['hold', 'show', code], { env: { HOLDPOINT_TOKEN: agentToken } });
    expect(shown.stdout, shown.stderr).toContain(`${code} is waiting`);
    expect(shown.code).toBe(0);
    const waited = await rig.run(['wait', code, '--for', '1s'], { env: { HOLDPOINT_TOKEN: agentToken } });
    expect(waited.stdout).toContain('nobody has decided yet');
    expect(waited.code).toBe(4);
  });

  test('U3 signed, it is scheduled and not done; the agent is told so, and one word cancels it', async () => {
    const { holds } = await rig.json<Listed>(['hold', 'list', '--state', 'waiting']);
    const [hold] = holds;
    const ran = await rig.sign(['approve', hold?.code ?? '', '--typed', hold?.varyingFact ?? '']);
    expect(ran.stdout, ran.stderr).toContain('scheduled');
    expect(ran.stdout).toContain(hold?.digest);
    expect(ran.code).toBe(0);
    const waited = await rig.run(['wait', hold?.code ?? ''], { env: { HOLDPOINT_TOKEN: agentToken } });
    expect(waited.stdout).toContain('it is not done');
    expect(waited.code).toBe(4);
    const second = await rig.sign(['approve', hold?.code ?? '', '--typed', hold?.varyingFact ?? '']);
    expect(second.code, second.stderr).toBe(3);
    expect((await rig.run(['cancel', hold?.code ?? ''])).stdout).toContain('cancelled');
    expect(executed('volumeDelete')).toBe(0);
    expect(double.state.find('volumes', { id: double.ids.volume })).toBeDefined();
  });

  test('H5 denied, the goal is locked, and the lock is lifted by a signature alone', async () => {
    await ask(volumeDelete, { volumeId: double.ids.volume });
    const code = await heldCode();
    const ran = await rig.run(['deny', code, '--note', 'customers are in it']);
    expect(ran.stdout).toContain('denied');
    const again = await ask(volumeDelete, { volumeId: double.ids.volume });
    expect(again.code).toBe('HOLDPOINT_DENIED');
    expect(again.text).toContain('customers are in it');
    expect((await rig.run(['wait', code], { env: { HOLDPOINT_TOKEN: agentToken } })).code).toBe(3);
    expect((await rig.run(['hold', 'unlock', code])).code).toBe(2);
    expect((await rig.sign(['hold', 'unlock', code])).code).toBe(0);
    expect((await ask(volumeDelete, { volumeId: double.ids.volume })).code).toBe('HOLDPOINT_HELD');
    const second = await heldCode();
    expect((await rig.sign(['deny', second, '--sign'])).code).toBe(0);
    expect((await rig.sign(['hold', 'unlock', second])).code).toBe(0);
    expect(executed('volumeDelete')).toBe(0);
  });
});

const create = 'mutation c($input: ProjectTokenCreateInput!) { projectTokenCreate(input: $input) }';

describe('an act for now', () => {
  test('H2 approved, it is run once by the agent, and not again', async () => {
    const input = { environmentId: double.ids.environments['production'], projectId: double.ids.project, name: 'ci' };
    const asked = await ask(create, { input });
    expect(asked.code, asked.text).toBe('HOLDPOINT_HELD');
    const { holds } = await rig.json<Listed>(['hold', 'list', '--state', 'waiting']);
    const [hold] = holds;
    const early = await rig.run(['run', hold?.code ?? ''], { env: { HOLDPOINT_TOKEN: agentToken } });
    expect(early.code).toBe(4);
    expect(executed('projectTokenCreate')).toBe(0);
    const ran = await rig.sign(['approve', hold?.code ?? '', '--typed', hold?.varyingFact ?? '', '--mode', 'now']);
    expect(ran.code, ran.stderr).toBe(0);
    const env = { HOLDPOINT_TOKEN: agentToken };
    expect((await rig.run(['wait', hold?.code ?? ''], { env })).stdout).toContain('run it: holdpoint run');
    const sent = await rig.run(['run', hold?.code ?? ''], { env });
    expect(sent.stdout, sent.stderr).toContain('is done');
    expect(sent.stdout).toContain('projectTokenCreate');
    expect(sent.code).toBe(0);
    expect((await rig.run(['run', hold?.code ?? ''], { env })).code).not.toBe(0);
    expect(executed('projectTokenCreate')).toBe(1);
  });

  test('H6 the agent that asked withdraws its hold; nobody approves it then', async () => {
    const input = { environmentId: double.ids.environments['production'], projectId: double.ids.project, name: 'cd' };
    const asked = await ask(create, { input });
    expect(asked.code, asked.text).toBe('HOLDPOINT_HELD');
    const { holds } = await rig.json<Listed>(['hold', 'list', '--state', 'waiting']);
    const [hold] = holds;
    const code = hold?.code ?? '';
    expect((await rig.run(['withdraw', code])).code).toBe(3);
    const withdrawn = await rig.run(['withdraw', code], { env: { HOLDPOINT_TOKEN: agentToken } });
    expect(withdrawn.stdout, withdrawn.stderr).toContain(`withdrawn ${code}`);
    expect(withdrawn.code).toBe(0);
    const late = await rig.sign(['approve', code, '--typed', hold?.varyingFact ?? '', '--mode', 'now']);
    expect(late.code).not.toBe(0);
    expect(executed('projectTokenCreate')).toBe(1);
  });
});

describe('freezing', () => {
  test('H7 one word stops every write; only a signature lets them run again', async () => {
    expect((await rig.run(['freeze', '--why', 'a test'])).stdout).toContain('FROZEN');
    expect((await ask(volumeDelete, { volumeId: double.ids.volume })).code).toBe('HOLDPOINT_FROZEN');
    expect((await rig.run(['status'])).code).toBe(5);
    expect((await rig.run(['thaw'])).code).toBe(2);
    expect((await rig.sign(['thaw'])).stdout).toContain('thawed');
    expect((await rig.run(['status'])).code).toBe(0);
  });
});

describe('keeping', () => {
  test('C5 a credential is taken out of the vault by a signature alone', async () => {
    expect((await rig.run(['vault', 'remove', 'railway-eyes'])).code).toBe(2);
    expect((await rig.run(['vault', 'list', '--json'])).stdout).toContain('railway-eyes');
    const ran = await rig.sign(['vault', 'remove', 'railway-eyes']);
    expect(ran.code, ran.stderr).toBe(0);
    expect((await rig.run(['vault', 'list', '--json'])).stdout).not.toContain('railway-eyes');
    expect((await rig.sign(['vault', 'remove', 'railway-eyes'])).code).toBe(2);
    const eyes = ['vault', 'add', 'railway-eyes', '--kind', 'bearer', '--reach', 'all', '--secret-fd', '0'];
    expect((await rig.sign(eyes, { input: double.tokens.account })).code).toBe(0);
  });

  test('C5 the vault goes under a fresh key by a signature alone, and still opens', async () => {
    expect((await rig.run(['vault', 'rotate'])).code).toBe(2);
    const ran = await rig.sign(['vault', 'rotate']);
    expect(ran.stdout, ran.stderr).toContain('rotated');
    expect(ran.code).toBe(0);
    const { entries } = await rig.json<{ entries: readonly { body: Record<string, unknown> }[] }>([
      'journal',
      'list',
      '--kind',
      'vault-changed',
    ]);
    expect(entries.map((entry) => entry.body['change'])).toContain('rotation');
    const asked = await ask('query { projects { edges { node { id } } } }', {});
    expect(asked.text).toContain(double.ids.project);
  });

  test('U3 a clock that is not in doubt wants no signature', async () => {
    const ran = await rig.run(['clock', 'confirm']);
    expect(ran.stdout).toContain('not in doubt');
    expect(ran.code).toBe(0);
  });
});

describe('looking', () => {
  test('J1 the journal verifies; a changed line and a cut end do not', async () => {
    const live = await rig.run(['journal', 'verify']);
    expect(live.stdout).toContain('whole');
    expect(live.code).toBe(0);
    const file = join(rig.root, 'journal.ndjson');
    expect((await rig.run(['journal', 'export', '--file', file])).code).toBe(0);
    const { checkpoint, key } = await rig.json<{ checkpoint: string; key: string }>(['journal', 'checkpoint']);
    const kept = rig.write('kept', checkpoint);
    const offline = ['journal', 'verify', '--public-key', key, '--checkpoint', kept, '--file'];
    expect((await rig.run([...offline, file], { env: { HOLDPOINT_DATA: join(rig.root, 'none') } })).code).toBe(0);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const changed = rig.write(
      'changed.ndjson',
      `${lines.join('\n').replace('customers are in it', 'nothing to see here')}\n`,
    );
    const found = await rig.run([...offline, changed]);
    expect(found.stdout).toContain('NOT WHOLE');
    expect(found.code).toBe(1);
    const cut = rig.write('cut.ndjson', `${lines.slice(0, lines.length / 2).join('\n')}\n`);
    expect((await rig.run([...offline, cut])).code).toBe(1);
  });

  test('T0 approvals are journaled as not proof of a human', async () => {
    const { entries } = await rig.json<{ entries: readonly { body: Record<string, unknown> }[] }>([
      'journal',
      'list',
      '--kind',
      'approved',
    ]);
    expect(entries.map((entry) => entry.body['proofOfHuman'])).toEqual([false]);
  });
});

describe('running an agent', () => {
  test('C1 it gets its token and the gate, and none of ours', async () => {
    const file = rig.write('agent.token', `${agentToken}\n`);
    const env = {
      PGPASSWORD: 'real',
      GITHUB_TOKEN: 'ghp_real',
      DATABASE_URL: 'postgres://u:p@h/d',
      KEPT: 'yes',
      SENTRY_DSN: 'x',
    };
    const ran = await rig.run(['exec', '--token-file', file, '--keep', 'SENTRY_DSN', '--', 'env'], { env });
    expect(ran.code, ran.stderr).toBe(0);
    const given = Object.fromEntries(
      ran.stdout.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(given['PGPASSWORD'] ?? given['GITHUB_TOKEN'] ?? given['DATABASE_URL']).toBeUndefined();
    expect(given['KEPT']).toBe('yes');
    expect(given['SENTRY_DSN']).toBe('x');
    expect(given['HTTPS_PROXY']).toBe(`http://cursor:${agentToken}@${new URL(rig.running.http).host}`);
    expect(given['https_proxy']).toBe(given['HTTPS_PROXY']);
    for (const name of ['RAILWAY_TOKEN', 'RAILWAY_API_TOKEN', 'HOLDPOINT_TOKEN']) expect(given[name]).toBe(agentToken);
    for (const name of [
      'NODE_EXTRA_CA_CERTS',
      'SSL_CERT_FILE',
      'CURL_CA_BUNDLE',
      'REQUESTS_CA_BUNDLE',
      'GIT_SSL_CAINFO',
    ])
      expect(given[name]).toBe(join(rig.data, 'open/ca-bundle.pem'));
    expect(ran.stderr).toContain('DATABASE_URL, GITHUB_TOKEN, PGPASSWORD');
  });

  test('its exit code is ours, its arguments are its own', async () => {
    const file = join(rig.root, 'agent.token');
    const ran = await rig.run([
      'exec',
      'cursor',
      '--token-file',
      file,
      '--',
      'sh',
      '-c',
      'echo "$0 $1"; exit 9',
      '--json',
      '--',
    ]);
    expect(ran.stdout).toBe('--json --\n');
    expect(ran.code).toBe(9);
    expect((await rig.run(['exec', 'other', '--token-file', file, '--', 'true'])).stderr).toContain(
      'this token is of `cursor`',
    );
    expect((await rig.run(['exec', 'cursor', '--', 'true'])).code).toBe(2);
  });

  test.skipIf(process.getuid?.() !== 0)('C1 as another OS user it can read none of our files (as root)', async () => {
    const file = join(rig.root, 'agent.token');
    spawnSync('chmod', ['711', rig.root]);
    const script = `id -un; cat "$SSL_CERT_FILE" | head -c 10; cat ${rig.data}/human.token ${rig.data}/signers/jane.key ${rig.data}/state/*`;
    const ran = await rig.run(['exec', '--token-file', file, '--user', 'nobody', '--', 'sh', '-c', script]);
    expect(ran.stdout).toMatch(/^nobody\n/);
    expect(ran.stdout.length).toBe('nobody\n'.length + 10);
    expect(ran.stderr).toContain('Permission denied');
  });

  test('C2 a revoked token starts nothing', async () => {
    const saved = await rig.sign([
      'token',
      'create',
      'other',
      '--preset',
      'railway:read',
      '--env',
      'staging',
      '--save',
    ]);
    expect(saved.code, saved.stderr).toBe(0);
    expect((await rig.run(['exec', 'other', '--', 'true'])).code).toBe(0);
    expect((await rig.run(['token', 'revoke', 'other'])).stdout).toContain('revoked');
    expect((await rig.run(['exec', 'other', '--', 'true'])).code).toBe(3);
  });
});

describe('signers', () => {
  test('H2 a second one is enrolled by the first, and one of two must be named to sign', async () => {
    const fresh = join(rig.root, 'fresh');
    writeFileSync(fresh, 'a quite different passphrase', { mode: 0o600 });
    const added = await rig.sign(['signer', 'add', 'ahmed', '--new-passphrase-file', fresh]);
    expect(added.stdout, added.stderr).toContain('enrolled');
    expect((await rig.sign(['signer', 'remove', 'ahmed'])).stderr).toContain('--signer ahmed | jane');
    expect((await rig.sign(['signer', 'remove', 'ahmed', '--signer', 'jane'])).code).toBe(0);
    expect((await rig.sign(['signer', 'remove', 'jane', '--signer', 'jane'])).stderr).toContain('only signer');
  });
});

describe('watching and stopping', () => {
  test('H8 watch tells of a hold at once, and says so itself when the daemon falls silent', async () => {
    const watching = rig.start(['watch']);
    let said = '';
    watching.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
    watching.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
    await expect.poll(() => said, { timeout: 10_000 }).toContain('watching');
    const input = {
      environmentId: double.ids.environments['production'],
      projectId: double.ids.project,
      name: 'other',
    };
    expect((await ask(create, { input })).code).toBe('HOLDPOINT_HELD');
    await expect.poll(() => said, { timeout: 10_000 }).toContain('HELD');
    expect(said).toMatch(/holdpoint approve hp_/);
    process.kill(rig.running.pid, 'SIGKILL');
    await expect.poll(() => said, { timeout: 20_000 }).toContain('SILENT');
    const ended = new Promise((resolve) => watching.once('exit', resolve));
    watching.kill('SIGINT');
    expect(await ended).toBe(6);
  });

  test('F2 after a kill it comes up again with what waited, without a second signer', async () => {
    const ran = await rig.up();
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).not.toContain('enrolled');
    expect(await heldCode()).toMatch(/^hp_/);
    const stopped = await rig.run(['down']);
    expect(stopped.stdout).toContain('stopped');
    expect((await rig.run(['status'])).code).toBe(6);
    expect((await rig.run(['down'])).code).toBe(0);
  });
});
