import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query, rawConnection, rawSession } from './raw.ts';
import { openPostgres, type TestServer } from './server.ts';
import { openPostgresStage, type PostgresStage } from './stage.ts';
import { fields, startupFrame } from '../../src/contract/postgres/frames.ts';
import { type ThrowawayAuthority, throwawayAuthority } from '../../src/upstream/dial/certificates.fixture.ts';

const run = promisify(execFile);
let server: TestServer;
let authority: ThrowawayAuthority;
let folder: string;

beforeAll(async () => {
  authority = await throwawayAuthority();
  const { key, cert } = await authority.identity([{ type: 'ip', value: '127.0.0.1' }]);
  server = await openPostgres({ tls: { key, certificate: cert } });
  await server.query("create role agent login password 'secret'; create table t (id int); grant all on t to agent");
  folder = await mkdtemp(path.join(tmpdir(), 'holdpoint-tls-'));
  await chmod(folder, 0o755);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function staged<T>(
  options: Parameters<typeof openPostgresStage>[1],
  work: (stage: PostgresStage) => Promise<T>,
): Promise<T> {
  const stage = await openPostgresStage(server, options);
  try {
    return await work(stage);
  } finally {
    await stage.close();
  }
}

const address = (host = '127.0.0.1'): string => `postgres://${host}:${server.port}/postgres`;

describe('towards the server', () => {
  test('C1: verified under a private authority, SCRAM bound to the channel', async () => {
    await staged({ address: address(), ca: authority.pem }, async (stage) => {
      const client = await stage.connect();
      const asked = 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()';
      expect((await client.query(asked)).rows).toEqual([{ ssl: true, version: 'TLSv1.3' }]);
    });
  });

  test('C1: another authority, or another name, gets neither credential nor statement', async () => {
    const other = await throwawayAuthority();
    for (const options of [
      { address: address(), ca: other.pem },
      { address: address('localhost'), ca: authority.pem },
    ])
      await staged(options, async (stage) => {
        await expect(stage.connect()).rejects.toMatchObject({ code: 'HP004' });
      });
  });

  test('C1: a server without TLS is not talked to in the clear', async () => {
    const plain = await openPostgres();
    try {
      await staged({ address: `postgres://127.0.0.1:${plain.port}/postgres`, ca: authority.pem }, async (stage) => {
        await expect(stage.connect()).rejects.toMatchObject({ code: 'HP004' });
      });
      expect(await plain.log()).not.toContain('user=agent');
    } finally {
      await plain.stop();
    }
  });
});

describe('towards clients', () => {
  test('psql verifies the gate; a token does not go in the clear', async () => {
    const tls = await authority.identity([{ type: 'dns', value: 'localhost' }]);
    const root = path.join(folder, 'root.pem');
    await writeFile(root, authority.pem);
    await staged({ address: address(), ca: authority.pem, tls }, async (stage) => {
      const url = `postgres://cursor:${stage.agent.presented}@localhost:${stage.gate.port}/pg-staging`;
      const asked = async (mode: string): Promise<string> =>
        (await run('psql', [`${url}?sslmode=${mode}&hostaddr=127.0.0.1&sslrootcert=${root}`, '-XAtc', 'select 1']))
          .stdout;
      expect(await asked('verify-full')).toBe('1\n');
      expect(await asked('require')).toBe('1\n');
      await expect(asked('disable')).rejects.toThrow(/speaks TLS alone/);
      const raw = await rawSession({
        port: stage.gate.port,
        password: stage.agent.presented,
        tls: { ca: authority.pem },
      });
      raw.send(query('select 1'));
      expect((await raw.until('Z')).map((one) => one.type).join('')).toBe('TDCZ');
      raw.end();
      const clear = await rawConnection(stage.gate.port);
      clear.send(startupFrame(196_608, new Map([['user', 'cursor']])));
      const [said] = await clear.until('E');
      expect(said && fields(said).get('C')).toBe('0A000');
    });
  });
});

describe.skipIf(!existsSync('/usr/sbin/pgbouncer'))('behind pgbouncer', () => {
  test(
    'by session it works where a human says so; without that, and by transaction, nothing opens',
    { timeout: 60_000 },
    async () => {
      const plain = await openPostgres();
      await plain.query("create role agent login password 'secret'; create table t (id int); grant all on t to agent");
      await plain.query('insert into t select generate_series(1, 3)');
      const port = 20_000 + Math.floor(Math.random() * 20_000);
      const files = { ini: path.join(folder, 'pgbouncer.ini'), users: path.join(folder, 'users.txt') };
      await writeFile(files.users, '"agent" "secret"\n');
      await writeFile(
        files.ini,
        `[databases]\npostgres = host=127.0.0.1 port=${plain.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = ${port}\n` +
          `unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = ${files.users}\npool_mode = session\nserver_reset_query = DISCARD ALL\ndefault_pool_size = 2\n`,
      );
      const pooler = spawn('/usr/sbin/pgbouncer', [files.ini], {
        stdio: 'ignore',
        ...(process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
      });
      try {
        await sleep(700);
        const pooled = `postgres://127.0.0.1:${port}/postgres?sslmode=disable`;
        await staged({ address: pooled }, async (stage) => {
          await expect(stage.connect()).rejects.toMatchObject({
            code: 'HP004',
            message: expect.stringContaining('pooler'),
          });
        });
        for (const mode of ['transaction', 'statement'])
          await staged({ address: `${pooled}&pool_mode=${mode}` }, async (stage) => {
            await expect(stage.connect()).rejects.toMatchObject({ code: 'HP004' });
          });
        await staged({ address: `${pooled}&pool_mode=session` }, async (stage) => {
          for (let round = 0; round < 3; round++) {
            const client = await stage.connect();
            expect((await client.query('show default_transaction_read_only')).rows).toEqual([
              { default_transaction_read_only: 'on' },
            ]);
            await client.query('reset all; discard all');
            expect((await client.query('show default_transaction_read_only')).rows).toEqual([
              { default_transaction_read_only: 'on' },
            ]);
            await expect(client.query('delete from t')).rejects.toMatchObject({ code: 'HP001' });
            expect((await client.query('select count(*)::int as n from t')).rows).toEqual([{ n: 3 }]);
            await client.end();
          }
        });
      } finally {
        pooler.kill('SIGINT');
        await plain.stop();
      }
    },
  );
});
