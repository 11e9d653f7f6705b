import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { type Effort, type Figure, median } from './figure.ts';
import { asSuperuser } from './pgbench.ts';
import { onCores } from './processes.ts';
import { postmasterOf } from '../test/backup/source-server.ts';
import { openPostgres, type TestServer } from '../test/postgres/server.ts';
import { openPostgresStage } from '../test/postgres/stage.ts';
import { undoRole } from '../test/postgres/undo-world.ts';

/** Rows of the table that the agent works on, and of one of its deletes. */
const [rows, each] = [100_000, 100];

/**
 * TPC-B directly at the server, alone and while an agent deletes rows of another table through the gate, each delete secured
 * before its COMMIT. Server and pgbench share one core, gate and agent have the other, as on another machine; what the second line
 * reads is the server's work.
 */
export async function benchUndoBeside(_: string, effort: Effort): Promise<readonly Figure[]> {
  const server = await openPostgres({
    settings: ['log_statement=none', 'shared_buffers=256MB', 'max_wal_size=4GB', 'synchronous_commit=on'],
  });
  try {
    await server.query(`${undoRole}; create role agent login password 'secret'`);
    await server.query('create table work (id int primary key, v text not null)');
    await server.query('grant select, insert, update, delete on work to agent');
    await asSuperuser(server, ['-i', '-q', '-s', effort.quick ? '2' : '10']);
    const stage = await openPostgresStage(server, { undo: 'holdpoint_undo:secret' });
    const postmaster = await postmasterOf(server);
    onCores(postmaster, '0');
    onCores(process.pid, '1');
    try {
      const gate = await stage.connect();
      const calm = await beside(server, gate, 1_000, effort);
      const busy = await beside(server, gate, 0, effort);
      const part = `TPC-B of 4 clients beside secured deletes of ${each} of ${rows} rows`;
      return [
        { part, name: 'alone', value: median(calm.alone), unit: '/s' },
        { part, name: 'one delete a second: throughput, alone being 1', value: calm.share, unit: '×', atLeast: 0.95 },
        { part, name: 'deletes in that time', value: calm.deletes, unit: '' },
        { part, name: 'held', value: calm.held, unit: '' },
        { part, name: 'one after the other: throughput, alone being 1', value: busy.share, unit: '×', atLeast: 0.95 },
        { part, name: 'deletes in that time', value: busy.deletes, unit: '' },
        { part, name: 'held', value: busy.held, unit: '' },
      ];
    } finally {
      onCores(process.pid, '0,1');
      await stage.close();
    }
  } finally {
    await server.stop();
  }
}

async function beside(
  server: TestServer,
  gate: Client,
  pause: number,
  effort: Effort,
): Promise<{
  readonly share: number;
  readonly alone: readonly number[];
  readonly deletes: number;
  readonly held: number;
}> {
  const load = (): Promise<number> => asSuperuser(server, ['-n', '-c', '4', '-T', effort.quick ? '4' : '12']);
  const [alone, shares]: [number[], number[]] = [[], []];
  let [deletes, held] = [0, 0];
  for (let round = 0; round < (effort.quick ? 1 : effort.rounds); round++) {
    await server.query(`truncate work; insert into work select g, 'row ' || g from generate_series(1, ${rows}) g`);
    await server.query('vacuum (freeze, analyze) work');
    const over = new AbortController();
    const running = load().finally(() => over.abort());
    for (let at = 0; !over.signal.aborted && at < rows / each; at++) {
      const began = performance.now();
      if (await isHeld(gate.query(`delete from work where id between ${at * each + 1} and ${(at + 1) * each}`)))
        held += 1;
      else deletes += 1;
      await sleep(Math.max(0, pause - (performance.now() - began)));
    }
    const with_ = await running;
    const without = await load();
    alone.push(without);
    shares.push(with_ / without);
  }
  return { share: median(shares), alone, deletes, held };
}

/** Where the second line was too slow, say; nothing of it took effect then. */
async function isHeld(act: Promise<unknown>): Promise<boolean> {
  try {
    await act;
    return false;
  } catch (cause) {
    if ((cause as { readonly code?: unknown }).code === 'HP001') return true;
    throw cause;
  }
}
