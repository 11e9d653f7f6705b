import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DaemonClient } from './daemon-client.ts';
import { DaemonPool } from './daemon-process.ts';
import { Evidence } from './kill-evidence.ts';
import * as acts from './postgres-acts.ts';
import { momentOf, Sightings } from './postgres-aim.ts';
import { openWatchedWire, type WatchedWire } from './postgres-wire.ts';
import { openPostgres, type TestServer } from '../postgres/server.ts';
import { openPostgresStage } from '../postgres/stage.ts';
import { lookAgain } from '../../src/road/recover.ts';

let server: TestServer;
let other: TestServer;
let wire: WatchedWire;

beforeAll(async () => {
  [server, other] = await Promise.all([openPostgres(), openPostgres()]);
  for (const one of [server, other]) await acts.furnish(one);
  // A transaction of any number that the first server gives out soon was committed here.
  for (let one = 0; one < 60; one++) await other.query("insert into acts (key) values ('of others')");
  wire = await openWatchedWire(server.port);
});
afterAll(async () => {
  wire.close();
  await Promise.all([server.stop(), other.stop()]);
});

/** The COMMIT takes effect, its answer is lost, and from then on another server answers at the address. */
async function failOver(key: string, pid: number): Promise<void> {
  wire.server = server.port;
  const aim = { phase: 'committed', victim: 'daemon', daemon: pid, key, dice: 1 } as const;
  await momentOf(wire, new Sightings(), aim);
  wire.watch = undefined;
  wire.server = other.port;
}

describe('F2: an outcome that is asked of another server is unknown', () => {
  test('while the daemon runs; it is settled when the server that knows is there again', async () => {
    const stage = await openPostgresStage({ ...server, port: wire.port });
    try {
      const client = await stage.connect();
      const failing = failOver('first', 0).then(() => wire.cut());
      await expect(client.query("insert into acts (key) values ('first')")).rejects.toMatchObject({
        code: '08007',
        message: expect.stringContaining('whether it took effect is not known'),
      });
      await failing;
      const states = async (): Promise<unknown> => (await stage.rig.road.images.list()).map(({ state }) => state);
      expect(await states()).toEqual(['secured']);
      await lookAgain(stage.rig.road);
      expect(await states()).toEqual(['secured']);
      wire.server = server.port;
      await lookAgain(stage.rig.road);
      expect(await states()).toEqual(['settled']);
      expect((await acts.effects(server)).get('first')).toBe(1);
    } finally {
      await stage.close();
    }
  });

  test(
    'when the daemon starts again, and knows no server yet; nothing is sent again',
    { timeout: 60_000 },
    async () => {
      const data = await mkdtemp(join(tmpdir(), 'holdpoint-failover-'));
      const flags = ['--data', data, '--api-port', '0', '--http-port', '0', '--postgres-port', '0', '--tier', 'T0'];
      const pool = new DaemonPool(flags);
      try {
        wire.server = server.port;
        const client = new DaemonClient(data, await pool.next());
        await client.prepare(acts.configFor(wire.port), [acts.credential], acts.scope);
        const act = await acts.signed(client, server, 'second');
        const failing = failOver('second', client.daemon.pid);
        const asking = acts.carryOut(client, act);
        await failing;
        await client.daemon.kill();
        await asking;
        expect(act.said).toEqual(['lost']);
        client.daemon = await pool.next();
        await expect.poll(async () => (await client.hold(act.hold ?? '')).state).toBe('unknown');
        const [sending, ...more] = new Evidence((await client.journal()).lines).of('second');
        expect(more).toEqual([]);
        expect(sending?.settled.map(({ body }) => body['outcome'])).toEqual(['unknown']);
        // A signature that may have been used is used.
        await acts.carryOut(client, act);
        expect(act.said).toEqual(['lost', 'nothing']);
        expect((await acts.effects(server)).get('second')).toBe(1);
        expect((await acts.effects(other)).has('second')).toBe(false);
      } finally {
        await pool.close();
        await rm(data, { recursive: true, force: true });
      }
    },
  );
});
