import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startDouble } from '../../demo/railway/double.ts';
import { DaemonClient, refusalIn } from './daemon-client.ts';
import { DaemonPool } from './daemon-process.ts';
import { upsert, variable, volumeDelete } from './double-rig.ts';
import { straceMissing } from './journal-strace.ts';
import { Evidence } from './kill-evidence.ts';
import { roadOrder } from './road-order.ts';
import { full } from '../full.ts';

const writers = 3;
const turns = 4;

describe('the road’s order of syncs and sends', () => {
  const wanted = { clearances: new Map([['value-1-end', 'cl_01']]), port: 4000 };
  const write = '7 pwrite64(20</d/holdpoint.db-wal>, "..cl_01..", 4096, 32) = 4096';
  const sync = '7 fdatasync(20</d/holdpoint.db-wal>) = 0';
  const send =
    '7 writev(25<TCP:[127.0.0.1:5000->127.0.0.1:4000]>, [{iov_base="POST"}, {iov_base="..value-1-end.."}], 2) = 99';

  it('the check itself sees a message that leaves too early', () => {
    expect(roadOrder([write, sync, send], wanted)).toEqual({ sent: ['value-1-end'], early: [], syncs: 1 });
    const wrong = [
      [send, write, sync],
      [write, send, sync],
      [sync, write, send],
      [write, '7 fdatasync(20</d/holdpoint.db-wal>) = -1 EIO (Input/output error)', send],
      [write, '7 fdatasync(21</d/holdpoint.db>) = 0', send],
      [write, '7 fdatasync(20</d/holdpoint.db-wal> <unfinished ...>', send, '7 <... fdatasync resumed>) = 0'],
    ];
    for (const trace of wrong) expect(roadOrder(trace, wanted).early, trace.join('\n')).toEqual(['value-1-end']);
    const elsewhere = send.replace('127.0.0.1:4000', '127.0.0.1:4001');
    expect(roadOrder([elsewhere, write, sync], wanted).sent).toEqual([]);
  });

  it(
    'F2, J1: no byte of an effect leaves before the sync of its intent has ended',
    { timeout: 180_000 },
    async (context) => {
      const missing = straceMissing();
      if (missing !== undefined) {
        if (full) throw new Error(`${missing}, and HOLDPOINT_FULL=1 asks for every test`);
        context.skip(missing);
      }
      const data = await mkdtemp(join(tmpdir(), 'holdpoint-order-'));
      const double = await startDouble();
      const file = join(data, 'trace');
      const calls = 'trace=pwrite64,fsync,fdatasync,write,writev,sendto,sendmsg';
      const under = [
        'strace',
        '-f',
        '--seccomp-bpf',
        '-qq',
        '-yy',
        '-s',
        '200000',
        '-e',
        'signal=none',
        '-e',
        calls,
        '-o',
        file,
      ];
      const pool = new DaemonPool(
        ['--data', data, '--api-port', '0', '--http-port', '0', '--postgres-port', '0'],
        undefined,
        under,
      );
      try {
        const daemon = await pool.next();
        const client = new DaemonClient(data, daemon);
        await client.install(double);
        const keys: string[] = [];
        const writer = async (number: number): Promise<void> => {
          for (let turn = 0; turn < turns; turn++) {
            const key = `value-${number}-${turn}-end`;
            keys.push(key);
            const { data: answered } = await client.graphql(upsert, variable(double, `WRITER_${number}`, key));
            expect(answered).toEqual({ variableUpsert: true });
          }
        };
        const deleter = async (): Promise<void> => {
          const volume = double.ids.ownVolume.staging;
          const hold = await client.hold(refusalIn(await client.graphql(volumeDelete(volume))).hold);
          await client.api('POST', `/v1/holds/${hold.id}/approve`, client.approval(hold));
          keys.push(`volumeDelete(volumeId: \\\\\\"${volume}`);
          expect((await client.api('POST', `/v1/holds/${hold.id}/run`, undefined, 'agent')).status).toBe(200);
        };
        await Promise.all([...Array.from({ length: writers }, (_, number) => writer(number)), deleter()]);
        const evidence = new Evidence((await client.journal()).lines);
        expect(await daemon.stop()).toBe(0);
        const clearances = new Map<string, string>();
        for (const key of keys) {
          const clearance = evidence.of(key.replaceAll('\\\\\\"', '\\"'))[0]?.intent.body['clearance'];
          if (typeof clearance === 'string') clearances.set(key, clearance);
        }
        expect(clearances.size).toBe(keys.length);
        const order = roadOrder((await readFile(file, 'latin1')).split('\n'), { clearances, port: double.port });
        expect(order.early).toEqual([]);
        expect(order.sent.toSorted()).toEqual(keys.toSorted());
        console.log(
          `road order: ${order.sent.length} effects left, each after the sync of its intent (${order.syncs} syncs)`,
        );
      } finally {
        await pool.close();
        await double.stop();
        await rm(data, { recursive: true, force: true });
      }
    },
  );
});
