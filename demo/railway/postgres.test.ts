import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Double, startDouble } from './double.ts';
import { hasBinaries } from './postgres-binaries.ts';
import { messages, send } from './sending.ts';

const reason = hasBinaries() ? '' : ' (skipped: npm brought no PostgreSQL for this platform)';

async function ask(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

describe.skipIf(!hasBinaries())(`a volume that is a real PostgreSQL 18${reason}`, () => {
  let double: Double;
  let url: string;

  beforeAll(async () => {
    double = await startDouble({
      postgres: {
        load: async (to) => {
          await ask(to, 'create table reservations as select g as id from generate_series(1, 500) g');
        },
      },
    });
    url = double.databaseUrl('production') ?? '';
  });

  afterAll(() => double.stop());

  it('serves the database that DATABASE_URL names, as another OS user when we are root', async () => {
    const place = `projectId: "${double.ids.project}", environmentId: "${double.ids.environments.production}"`;
    const answer = await send(double, {
      query: `{ variables(${place}, serviceId: "${double.ids.services.counter}") }`,
    });
    expect(answer.data?.['variables']).toMatchObject({ DATABASE_URL: url });
    expect(await ask(url, 'select count(*)::int as n from reservations')).toEqual([{ n: 500 }]);
    const { uid } = fs.statSync(path.join(double.volumeFolder('production'), 'data'));
    expect(uid === 0).toBe(false);
  });

  it('a backup taken while it runs can be restored, rows and all', async () => {
    const instance = double.ids.volumeInstances.production;
    const made = await send(double, {
      query: `mutation { volumeInstanceBackupCreate(volumeInstanceId: "${instance}", name: "now") { workflowId } }`,
    });
    expect(messages(made)).toEqual([]);
    await ask(url, 'drop table reservations');
    const backup = double.state.find('backups', { name: 'now' })?.id ?? '';
    const restored = await send(double, {
      query: `mutation { volumeInstanceBackupRestore(volumeInstanceId: "${instance}", volumeInstanceBackupId: "${backup}") { workflowId } }`,
    });
    expect(messages(restored)).toEqual([]);
    expect(await ask(url, 'select count(*)::int as n from reservations')).toEqual([{ n: 500 }]);
  });

  it('S1 volumeDelete kills the server under its clients and leaves no file of it or of its backups', async () => {
    const backups = path.join(double.volumeFolder('production'), 'backups');
    expect(fs.readdirSync(backups).length).toBeGreaterThanOrEqual(7);
    expect(fs.existsSync(path.join(backups, double.ids.backups[0] ?? '', 'PG_VERSION'))).toBe(true);
    const query = `mutation { volumeDelete(volumeId: "${double.ids.volume}") }`;
    expect((await send(double, { query }, { token: double.tokens.domains })).data).toEqual({ volumeDelete: true });
    await expect(ask(url, 'select 1')).rejects.toThrow(/ECONNREFUSED/u);
    expect(fs.existsSync(double.volumeFolder('production'))).toBe(false);
  });

  it('a reset brings the database back', async () => {
    await double.reset();
    expect(await ask(url, 'select count(*)::int as n from reservations')).toEqual([{ n: 500 }]);
  });
});

describe('the command', () => {
  it.each([[], ...(hasBinaries() ? [['--postgres']] : [])])(
    'prints its address, and SIGINT cleans up (%s)',
    async (...flags) => {
      const file = fileURLToPath(new URL('./double.ts', import.meta.url));
      const child = spawn(process.execPath, [file, '--port', '0', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      while (!said.includes('"volumeFolder"')) await once(child.stdout, 'data');
      expect(said).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/graphql\/v2$/mu);
      const { volumeFolder } = JSON.parse(said.slice(said.indexOf('{'))) as { volumeFolder: string };
      expect(fs.existsSync(volumeFolder)).toBe(true);
      const pidFile = path.join(volumeFolder, 'data', 'postmaster.pid');
      const postmaster = fs.existsSync(pidFile) ? Number(fs.readFileSync(pidFile, 'utf8').split('\n')[0]) : null;
      child.kill('SIGINT');
      await once(child, 'exit');
      expect(child.signalCode).toBe('SIGINT');
      expect(fs.existsSync(volumeFolder)).toBe(false);
      if (postmaster !== null) await expect.poll(() => isAlive(postmaster)).toBe(false);
    },
  );
});

function isAlive(pid: number): boolean {
  try {
    // a zombie still answers to kill(0): what counts is that it runs nothing
    process.kill(pid, 0);
    return fs.existsSync(`/proc/${pid}/exe`) && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
