import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accountOf, asRoot, named, TierRig, type Account, type Doctored } from './rig.ts';
import { copyHouse } from '../../src/cli/daemon/house.ts';
import { notRunning, placesIn } from '../../src/cli/places.ts';
import { type Double, startDouble } from '../../demo/railway/double.ts';

/** Real OS users, the real daemon, a double that truly destroys. Only root can make users: elsewhere it is all skipped. */
const withRoot = asRoot ? describe : describe.skip;
if (!asRoot) console.warn('skipped: the tiers are tried with real OS users, which only root can make');

let rig: TierRig;
let double: Double;
let agent: Account;
let service: Account;
let token = '';
let atT0: Doctored;
let atT1: Doctored & { readonly code: number | null };

beforeAll(async () => {
  if (!asRoot) return;
  double = await startDouble();
  rig = new TierRig();
});

afterAll(async () => {
  if (!asRoot) return;
  await rig.close();
  await double.stop();
}, 120_000);

const account = (name: string): Account => accountOf(name) ?? { uid: -1, gid: -1 };
const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

withRoot('sudo holdpoint up', () => {
  test('T1: makes a user for the daemon and one for agents, and says all that it made', async () => {
    const ran = await rig.up();
    expect(ran.code, ran.stderr).toBe(0);
    agent = account(rig.agent);
    service = account(rig.service);
    for (const made of [`user ${rig.service} `, `user ${rig.agent} `, rig.agentHome, rig.data, '.accounts.json'])
      expect(ran.stderr).toContain(made);
    expect(ran.stdout).toContain('tier T1, as started, not proved');
    expect(readFileSync('/etc/passwd', 'utf8')).toMatch(new RegExp(`^${rig.service}:.*:(/usr)?/sbin/nologin$`, 'm'));
  }, 120_000);

  test('T1: the daemon runs as its user: no groups, capabilities, new privileges, core dumps, nobody’s environment', () => {
    const { pid } = rig.running;
    const at = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    expect(at('status')).toMatch(new RegExp(`^Uid:(\\t${service.uid}){4}$`, 'm'));
    expect(at('status')).toMatch(/^Groups:\s*$/m);
    expect(at('status')).toMatch(/^NoNewPrivs:\t1$/m);
    for (const name of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
      expect(at('status')).toMatch(new RegExp(`^${name}:\t0+$`, 'm'));
    expect(at('limits')).toMatch(/^Max core file size\s+0\s+0\s/m);
    expect(at('cmdline').split('\0')).toContain('--disable-sigusr1');
    expect(
      at('environ')
        .split('\0')
        .map((one) => one.split('=')[0])
        .filter(Boolean)
        .sort(),
    ).toEqual(['HOME', 'LANG', 'PATH', 'TZ']);
  });

  test('C1, T1: everything is the service user’s alone, but for what agents have to read', () => {
    for (const name of ['', 'state', 'keys', 'signers', 'open', 'human.token', 'signers/jane.key', 'start.log'])
      expect([name, statSync(join(rig.data, name)).uid]).toEqual([name, service.uid]);
    expect(mode(rig.data)).toBe('711');
    for (const name of ['state', 'keys', 'signers']) expect([name, mode(join(rig.data, name))]).toEqual([name, '700']);
    for (const name of ['human.token', 'keys/vault.key', 'state/holdpoint.db', 'signers/jane.key'])
      expect([name, mode(join(rig.data, name))]).toEqual([name, '600']);
  });

  test('T1: a second time it makes nothing and changes nothing', async () => {
    const { pid } = rig.running;
    const again = await rig.up();
    expect(again.stderr).toContain('runs already');
    expect(again.stderr).not.toContain('made');
    expect(rig.running.pid).toBe(pid);
  });

  test('T1: a tree that was root’s is handed over, and a place that is not sheltered is refused', async () => {
    expect((await rig.run(['down'])).code).toBe(0);
    spawnSync('chown', ['-R', '0:0', rig.data]);
    const ran = await rig.up();
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stderr).toContain(`was root’s, is ${rig.service}’s now`);
    const open = join(rig.root, 'anybody');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const refused = await rig.run(['up', '--data', join(open, 'data')]);
    expect(refused.stderr).toContain('is not root’s alone');
    expect(refused.code).toBe(2);
  }, 120_000);

  test('T1: the copy that is made where the program is not root’s alone runs for anybody, and only root can change it', () => {
    const { root, node } = copyHouse(join(rig.root, 'program'));
    const ran = spawnSync(node, [join(root, 'bin', 'holdpoint.js'), '--version'], {
      encoding: 'utf8',
      cwd: '/',
      env: {},
      uid: agent.uid,
      gid: agent.gid,
    });
    expect(ran.stdout, ran.stderr).toMatch(/^\d+\.\d+\.\d+\n$/);
    const found = spawnSync('find', [
      join(rig.root, 'program'),
      '(',
      '-perm',
      '/022',
      '-o',
      '!',
      '-uid',
      '0',
      ')',
      '!',
      '-type',
      'l',
    ]);
    expect(found.stdout.toString()).toBe('');
    rmSync(join(rig.root, 'program'), { recursive: true });
  }, 120_000);

  test('T1: under sudo a stopped installation of the person who typed it is named', () => {
    const own = join(rig.agentHome, '.local', 'state', 'holdpoint');
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, 'human.token'), '');
    const { hint } = notRunning(placesIn(join(rig.root, 'nowhere')), { HOME: rig.human, SUDO_USER: rig.agent });
    expect(hint).toContain(`a stopped installation is in \`${own}\``);
    expect(hint).toContain(`\`holdpoint up --same-user\` as ${rig.agent}`);
    rmSync(join(rig.agentHome, '.local'), { recursive: true });
  });

  test('T1: the daemon refuses to run as root at any tier but T0', () => {
    const main = join(import.meta.dirname, '../../src/daemon/main.ts');
    const args = ['--disable-sigusr1', main, '--data', join(rig.root, 'other'), '--tier', 'T1'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: { PATH: '/usr/bin' } });
    expect(stderr).toContain('does not run as root');
    expect(status).toBe(6);
  });
});

withRoot('a token of an agent', () => {
  const asAgent = (more: readonly string[]): ReturnType<TierRig['run']> =>
    rig.run(['exec', 'cursor', '--token-file', join(rig.human, 'token'), '--', ...more]);

  test('C2, T1: is bound to the agent’s user unless said otherwise, and the signature says so', async () => {
    const yaml = join(rig.human, 'holdpoint.yaml');
    writeFileSync(
      yaml,
      `version: 1
environments:
  production: { production: true, railway: [${double.ids.environments['production']}] }
upstreams:
  railway: { provider: railway, environment: production, credential: vault:railway, address: "http://127.0.0.1:${double.port}", private: true }
`,
    );
    expect((await rig.sign(['apply', '--file', yaml])).code).toBe(0);
    const kept = ['vault', 'add', 'railway', '--kind', 'bearer', '--reach', 'all', '--secret-fd', '0'];
    const added = await rig.sign(kept, { input: double.tokens.account });
    expect(added.code, added.stderr).toBe(0);
    const made = await rig.sign([
      'token',
      'create',
      'cursor',
      '--operation',
      'railway:volumeDelete',
      '--env',
      'production',
      '--json',
    ]);
    expect(made.code, made.stderr).toBe(0);
    expect(made.stderr).toContain(`OS user ${agent.uid} alone`);
    const answer = JSON.parse(made.stdout) as { presented: string; token: { bound: object } };
    expect(answer.token.bound).toEqual({ uid: agent.uid });
    token = answer.presented;
    writeFileSync(join(rig.human, 'token'), `${token}\n`, { mode: 0o600 });
  }, 60_000);

  test('C2, T1: another OS user of this machine gets nowhere with it, at the API and at the gate', async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    expect((await fetch(`${rig.running.api}/v1/whoami`, { headers })).status).toBe(401);
    const body = JSON.stringify({ query: '{ __typename }' });
    const answer = await fetch(`${rig.running.http}/railway/graphql/v2`, { method: 'POST', headers, body });
    expect(await answer.text()).toContain('HOLDPOINT_BAD_TOKEN');
  });

  test('C1, T1: exec runs as the agent’s user by itself; there the token is good, and none of our files is', async () => {
    const who = await asAgent([
      'sh',
      '-c',
      'id -u; curl -s -H "Authorization: Bearer $HOLDPOINT_TOKEN" "$HOLDPOINT_URL/v1/whoami"',
    ]);
    expect(who.stdout, who.stderr).toMatch(new RegExp(`^${agent.uid}\\n.*"name":"cursor"`));
    const pry = await asAgent(['cat', join(rig.data, 'keys', 'vault.key')]);
    expect(pry.code).toBe(1);
    expect(pry.stdout).toBe('');
  });
});

withRoot('doctor --attack', () => {
  test('T0: as the same OS user the attacks succeed, and it says T0', async () => {
    const home = join(rig.root, 'careless');
    mkdirSync(home, { mode: 0o700 });
    chownSync(home, agent.uid, agent.gid);
    const own = { as: agent, home, data: join(home, 'data') };
    const ports = ['--api-port', '0', '--http-port', '0', '--postgres-port', '0', '--skip-signer'];
    expect((await rig.run(['up', '--same-user', ...ports], own)).code).toBe(0);
    const ran = await rig.run(['doctor', '--attack', '--json'], own);
    atT0 = JSON.parse(ran.stdout) as Doctored;
    await rig.run(['down'], own);
    expect(atT0.tier).toBe('T0');
    expect(named(atT0.attempts, 'succeeded')).toEqual(
      expect.arrayContaining([
        'read-files',
        'write-files',
        'read-process',
        'trace-process',
        'signal-daemon',
        'become-another',
        'use-command-line',
        'use-api',
        'find-credentials',
      ]),
    );
    const spoken = await rig.run(['doctor'], own).catch(() => undefined);
    expect(spoken?.code).toBe(6);
  }, 120_000);

  test('T1, C1: each attack that succeeded at T0 is refused at T1; the way round the gate is open until T2', async () => {
    writeFileSync(join(rig.human, '.env'), `RAILWAY_TOKEN=${double.tokens.account}\n`, { mode: 0o600 });
    atT1 = await rig.attack();
    for (const name of named(atT0.attempts, 'succeeded')) {
      if (name === 'go-round') continue;
      expect([name, atT1.attempts.find((one) => one.attack === name)]).toMatchObject([name, { outcome: 'refused' }]);
    }
    expect(named(atT1.attempts, 'unclear')).toEqual([]);
    expect(named(atT1.attempts, 'succeeded')).toEqual(['go-round']);
    expect(atT1.tier).toBe('T1');
    expect(atT1.code).toBe(0);
    expect(JSON.stringify(atT1)).not.toContain(double.tokens.account);
  }, 120_000);

  test('T1, J1: status and holds say the tier with the date of its proof, and the journal keeps the attempts', async () => {
    const { tier, proof } = await rig.status();
    expect({ tier, proof }).toMatchObject({ tier: 'T1', proof: { tier: 'T1', attacker: { uid: agent.uid } } });
    mkdirSync(join(rig.human, '.railway'));
    writeFileSync(
      join(rig.human, '.railway', 'config.json'),
      '{"user":{"token":"11111111-aaaa-4bbb-8ccc-222222222222"}}',
    );
    const said = (await rig.run(['status'])).stdout;
    expect(said).toContain(`tier T1, proved ${proof?.at ?? ''}`);
    expect(said).toMatch(/not covered: railway is logged in.*\n.*railway logout/);
    const query = `mutation { volumeDelete(volumeId: "${double.ids.ownVolume.production}") }`;
    const line = `curl -s -H "Authorization: Bearer $HOLDPOINT_TOKEN" -H 'content-type: application/json' --data @- ${rig.running.http}/railway/graphql/v2`;
    const held = await rig.run(['exec', 'cursor', '--token-file', join(rig.human, 'token'), '--', 'sh', '-c', line], {
      input: JSON.stringify({ query }),
    });
    const code = /hp_[0-9A-HJKMNP-TV-Z]{6}/.exec(held.stdout)?.[0] ?? held.stdout + held.stderr;
    expect(code).toMatch(/^hp_.{6}$/);
    expect((await rig.run(['hold', 'show', code])).stdout).toContain(`tier T1, proved ${proof?.at ?? ''}`);
    const journal = await rig.run(['journal', 'list', '--kind', 'tier-proved', '--json']);
    expect(journal.stdout).toContain('"go-round"');
  }, 60_000);

  test('T1: while the agent runs something nothing is recorded: it could answer for the attacks', async () => {
    const sleeping = spawn('sleep', ['60'], { uid: agent.uid, gid: agent.gid, stdio: 'ignore' });
    try {
      const found = await rig.attack();
      expect(found.proof).toBeUndefined();
      expect(found.code).toBe(1);
    } finally {
      sleeping.kill('SIGKILL');
    }
    expect((await rig.status()).tier).toBe('T1');
  }, 120_000);
});

withRoot('a sabotaged set-up is caught', () => {
  const caught = async (attack: string, detail: string, ...more: readonly string[]): Promise<void> => {
    const found = await rig.attack(...more);
    expect(found.tier).toBe('T0');
    expect(found.code).toBe(1);
    expect(found.attempts.find((one) => one.attack === attack && one.outcome === 'succeeded')?.detail).toContain(
      detail,
    );
    const status = await rig.status();
    expect(status.tier).toBe('T0');
    expect(status.notCovered.join()).toContain(attack);
  };

  test('T1: the key left readable', async () => {
    const paths = [rig.data, join(rig.data, 'keys'), join(rig.data, 'keys', 'vault.key')] as const;
    chmodSync(paths[0], 0o755);
    chmodSync(paths[1], 0o755);
    chmodSync(paths[2], 0o644);
    await caught('read-files', 'vault.key');
    const plain = await rig.run(['doctor']);
    expect(plain.code).toBe(1);
    expect(plain.stdout).toContain(`\`${paths[2]}\` is 0644`);
    chmodSync(paths[2], 0o600);
    chmodSync(paths[1], 0o700);
    chmodSync(paths[0], 0o711);
  }, 120_000);

  test('T1: at T0 by proof no production credential is kept any more', async () => {
    const kept = [
      'vault',
      'add',
      'more',
      '--provider',
      'railway',
      '--env',
      'production',
      '--kind',
      'bearer',
      '--reach',
      'environment',
      '--secret-fd',
      '0',
    ];
    const { code, stderr } = await rig.sign(kept, { input: 'x'.repeat(36) });
    expect(code).toBe(3);
    expect(stderr).toContain('tier T0');
  });

  test('T1: the agent in a group that amounts to root', async () => {
    const made = spawnSync('groupadd', ['--system', 'docker']).status === 0;
    spawnSync('usermod', ['-a', '-G', 'docker', rig.agent]);
    try {
      await caught('become-another', 'group `docker`');
    } finally {
      spawnSync('gpasswd', ['-d', rig.agent, 'docker']);
      if (made) spawnSync('groupdel', ['docker']);
    }
  }, 120_000);

  test('T1: the signer’s key copied into the agent’s home', async () => {
    const copy = join(rig.agentHome, 'notes.json');
    copyFileSync(join(rig.data, 'signers', 'jane.key'), copy);
    chownSync(copy, agent.uid, agent.gid);
    await caught('find-credentials', 'the signer’s key of jane');
    rmSync(copy);
  }, 120_000);

  test('C1, T1: a credential of the vault left where the agent can read it', async () => {
    const shared = join(rig.root, 'shared');
    mkdirSync(shared, { mode: 0o755 });
    writeFileSync(join(shared, 'notes.txt'), `the token is ${double.tokens.account} (old)\n`, { mode: 0o644 });
    await caught('find-credentials', `vault:railway in ${shared}/notes.txt`, '--path', shared);
    rmSync(shared, { recursive: true });
  }, 120_000);

  test('T1: a unit without the flag, as root, or with an inspector', async () => {
    const unit = join(import.meta.dirname, '../../packaging/systemd/holdpoint.service');
    expect((await rig.run(['doctor', '--unit', unit])).stdout).toContain(`unit ${unit}: hardened as ours`);
    for (const [from, to] of [
      [' --disable-sigusr1', ''],
      ['User=holdpoint', 'User=root'],
      [' --disable-sigusr1', ' --disable-sigusr1 --inspect'],
      ['NoNewPrivileges=yes', ''],
    ] as const) {
      const bad = join(rig.human, 'holdpoint.service');
      writeFileSync(bad, readFileSync(unit, 'utf8').replace(from, to));
      const ran = await rig.run(['doctor', '--unit', bad]);
      expect([from, to, ran.code]).toEqual([from, to, 1]);
      expect(ran.stdout).toContain(`✗ unit ${bad}`);
    }
  }, 60_000);

  test('T1: mended, it is proved again', async () => {
    const found = await rig.attack();
    expect(found.tier).toBe('T1');
    expect((await rig.status()).tier).toBe('T1');
  }, 120_000);
});

withRoot('down --remove-users', () => {
  test('T1: takes back the users that it made and nothing else; their files become root’s', async () => {
    const ran = await rig.run(['down', '--remove-users']);
    expect(ran.code, ran.stderr).toBe(0);
    for (const name of [rig.service, rig.agent]) expect([name, accountOf(name)]).toEqual([name, undefined]);
    for (const path of [rig.data, join(rig.data, 'keys', 'vault.key'), rig.agentHome])
      expect(statSync(path).uid).toBe(0);
    expect(existsSync(`${rig.data}.accounts.json`)).toBe(false);
    expect((await rig.run(['down', '--remove-users'])).stdout).toContain('none was removed');
  });
});
