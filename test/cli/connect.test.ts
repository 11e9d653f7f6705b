import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ran, Rig } from './rig.ts';
import { openPostgres, type TestServer } from '../postgres/server.ts';

const bin = join(import.meta.dirname, '../../bin/holdpoint.js');

/** Types an answer at a terminal of the program's own once it asks. */
const typist = `
import os, pty, sys
answer = sys.argv[1]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said = b''
typed = False
while True:
    try:
        chunk = os.read(fd, 65536)
    except OSError:
        break
    if not chunk:
        break
    said += chunk
    if not typed and b'[yes/no]' in said:
        typed = True
        os.write(fd, answer.encode() + b'\\r')
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

let server: TestServer;
let rig: Rig;

async function atTerminal(answer: string, args: readonly string[]): Promise<Ran> {
  const child = spawn('/usr/bin/python3', ['-c', typist, answer, process.execPath, bin, ...args], {
    env: { ...rig.env, TERM: 'dumb' },
    cwd: rig.root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, ...said };
}

const roles = async (): Promise<readonly unknown[]> =>
  (await server.query("select rolname from pg_roles where rolname like 'holdpoint%' order by 1")).rows.map(
    (row) => row['rolname'],
  );

beforeAll(async () => {
  server = await openPostgres();
  await server.query('create table t (id int primary key); insert into t select generate_series(1, 5)');
  rig = new Rig();
  expect((await rig.up()).code).toBe(0);
}, 60_000);
afterAll(async () => {
  await rig.close();
  await server.stop();
});

describe('holdpoint scan --ask', () => {
  test('C4: a database address that is found is described in one sentence, as its server answers', async () => {
    const folder = mkdtempSync(join(rig.root, 'project-'));
    writeFileSync(
      join(folder, '.env'),
      `DATABASE_URL=postgres://postgres:${server.password}@127.0.0.1:${server.port}/postgres\n`,
    );
    const ran = await rig.run(['scan', '--path', folder, '--no-home', '--only', 'workspace', '--ask']);
    expect(ran.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'superuser `postgres` on database `postgres` can drop every database of the server',
    );
    expect(ran.stdout + ran.stderr).not.toContain(server.password);
  }, 60_000);
});

describe('holdpoint connect', () => {
  const url = (): string => `postgres://postgres:${server.password}@127.0.0.1:${server.port}/postgres`;
  const sign = (): readonly string[] => ['--passphrase-file', rig.passphrase];

  test('H6: --print prints the whole script, and changes nothing', async () => {
    const ran = await rig.run(['connect', url(), '--print']);
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('CREATE ROLE "holdpoint_agent" LOGIN') });
    expect(ran.stdout + ran.stderr).not.toContain(server.password);
    expect(await roles()).toEqual([]);
  });

  test('H6: without a terminal nobody said yes, whatever stands on the command line', async () => {
    const early = await rig.run(['connect', url(), '--env', 'staging', ...sign()]);
    expect(early).toMatchObject({ code: 3, stderr: expect.stringContaining('T0') });
    const config = `version: 1
environments: { staging: { production: false, postgres: [pg-staging] } }
upstreams:
  pg-staging: { provider: postgres, environment: staging, credential: "vault:pg-staging", address: "postgres://127.0.0.1:${server.port}/postgres?sslmode=disable", private: true }
`;
    const applied = await rig.sign(['apply', '--file', rig.write('holdpoint.yaml', config)]);
    expect(applied.code).toBe(0);
    for (const more of [[], ['--yes']]) {
      const ran = await rig.run(['connect', url(), '--env', 'staging', ...more, ...sign()], { input: 'yes\n' });
      expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('no terminal') });
    }
    expect(await roles()).toEqual([]);
  }, 60_000);

  test('H6: a person who does not say yes changes nothing', async () => {
    const ran = await atTerminal('y', ['connect', url(), '--env', 'staging', ...sign()]);
    expect(ran).toMatchObject({ code: 3, stdout: expect.stringContaining('nothing was changed') });
    expect(await roles()).toEqual([]);
  });

  test('H6: said yes to, it makes and tries the role, keeps its password, and an agent works with it', async () => {
    const ran = await atTerminal('yes', ['connect', url(), '--env', 'staging', ...sign()]);
    expect(ran.code, ran.stdout).toBe(0);
    expect(ran.stdout).toContain('is fit for agents');
    expect(ran.stdout).toContain('DATABASE_URL=postgres://');
    expect(ran.stdout).not.toContain(server.password);
    expect(await roles()).toEqual(['holdpoint_agent', 'holdpoint_backup', 'holdpoint_undo']);

    const token = ['token', 'create', 'cursor', '--preset', 'postgres:write', '--env', 'staging', ...sign()];
    const made = await rig.json<{ token: { scope: { gates: unknown } }; presented: string }>(token);
    expect(made.token.scope.gates).toEqual(['postgres']);
    const { postgres } = rig.running as unknown as { readonly postgres: string };
    const port = Number(new URL(postgres).port);
    const client = new Client({
      host: '127.0.0.1',
      port,
      user: 'cursor',
      password: made.presented,
      database: 'pg-staging',
    });
    await client.connect();
    try {
      expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 5 }]);
      await expect(client.query('delete from t')).rejects.toMatchObject({ code: 'HP001' });
      await expect(client.query('drop table t')).rejects.toMatchObject({ code: 'HP002' });
    } finally {
      await client.end();
    }
    expect((await server.query('select count(*)::int as n from t')).rows).toEqual([{ n: 5 }]);
  }, 60_000);

  test('U1: by the role that it made what is about to be lost is secured, and a person puts it back', async () => {
    const where = `environment: staging, address: "postgres://127.0.0.1:${server.port}/postgres?sslmode=disable", private: true`;
    const config = `version: 1
environments: { staging: { production: false, postgres: [pg-staging] } }
upstreams:
  pg-staging: { provider: postgres, credential: "vault:pg-staging", undo: pg-staging-undo, ${where} }
  pg-staging-undo: { provider: postgres, credential: "vault:pg-staging-undo", lookups: true, ${where} }
`;
    const applied = await rig.sign(['apply', '--file', rig.write('holdpoint.yaml', config)]);
    expect(applied.code, applied.stderr).toBe(0);
    const token = ['token', 'create', 'deleter', '--preset', 'postgres:write', '--env', 'staging', ...sign()];
    const { presented } = await rig.json<{ presented: string }>(token);
    const { postgres } = rig.running as unknown as { readonly postgres: string };
    const signIn = { host: '127.0.0.1', port: Number(new URL(postgres).port), user: 'deleter', password: presented };
    const client = new Client({ ...signIn, database: 'pg-staging' });
    await client.connect();
    expect((await client.query('delete from t where id > 2')).rowCount).toBe(3);
    await client.end();
    // Nobody acts by the role that sees everything, whatever they sign in to.
    const second = new Client({ ...signIn, database: 'pg-staging-undo' });
    second.on('error', () => undefined);
    await expect(second.connect().then(() => second.query('select * from t'))).rejects.toMatchObject({ code: 'HP002' });
    await second.end();
    const { images } = await rig.json<{ images: readonly { id: string }[] }>(['undo', 'list']);
    expect(images).toHaveLength(1);
    const undone = await rig.run(['undo', images[0]?.id ?? '']);
    expect(undone.code, undone.stdout + undone.stderr).toBe(0);
    expect((await server.query('select array_agg(id order by id) as ids from t')).rows).toEqual([
      { ids: [1, 2, 3, 4, 5] },
    ]);
  }, 60_000);

  test('H6: what agents may not use is said when it is put in force', async () => {
    await server.query('alter role holdpoint_agent createdb');
    const text = `${readFileSync(join(rig.root, 'holdpoint.yaml'), 'utf8')}delay: 24h\n`;
    const applied = await rig.sign(['apply', '--file', rig.write('holdpoint.yaml', text)]);
    expect(applied).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('ALTER ROLE "holdpoint_agent" NOCREATEDB'),
    });
    expect(applied.stdout).toContain('every act of an agent is denied there, reads too');
    expect((await rig.run(['status'])).stdout).toContain('every act of an agent is denied there, reads too');
    const doctor = await rig.run(['doctor']);
    expect(doctor).toMatchObject({ code: 1, stdout: expect.stringContaining('✗ role at pg-staging: every act of an') });
    await server.query('alter role holdpoint_agent nocreatedb');
    await expect
      .poll(async () => (await rig.run(['status'])).stdout, { timeout: 15_000, interval: 1_000 })
      .not.toContain('every act of an agent is denied');
  }, 60_000);

  test('H6: --remove takes away what it made, and asks as well', async () => {
    expect((await rig.run(['connect', url(), '--remove', '--yes'])).code).toBe(2);
    const ran = await atTerminal('yes', ['connect', url(), '--remove']);
    expect(ran.code, ran.stdout).toBe(0);
    expect(await roles()).toEqual([]);
  }, 60_000);
});
