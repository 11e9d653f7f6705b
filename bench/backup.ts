import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Effort, type Figure, median, quantile } from './figure.ts';
import { asSuperuser } from './pgbench.ts';
import { onCores } from './processes.ts';
import { CopyingProcess, type CopyingView } from '../test/backup/copying-process.ts';
import { Endings, lsn, until } from '../test/backup/copying-place.ts';
import { type CopyingWorld, openCopyingWorld } from '../test/backup/copying-world.ts';
import { dataFolder, openBackedUp, postmasterOf } from '../test/backup/source-server.ts';
import type { TestServer } from '../test/postgres/server.ts';

const run = promisify(execFile);
const bin = '/usr/lib/postgresql/15/bin';
const patience = 600_000;

interface Bench extends CopyingWorld {
  readonly endings: Endings;
  readonly server: TestServer;
  readonly megabytes: number;
}

/**
 * Copying a PostgreSQL 15 (Debian's, whose own tools are the peer) by a process of its own into a bucket double in this one:
 * base backup, memory, what a crash would lose under load, what the streaming costs the server, and bringing it back.
 */
export async function benchBackup(folder: string, effort: Effort): Promise<readonly Figure[]> {
  const endings = new Endings();
  try {
    const world = await openCopyingWorld(endings, 1_000);
    const sizes = ['max_slot_wal_keep_size=8GB', 'max_wal_size=4GB', 'shared_buffers=256MB', 'log_statement=none'];
    const server = await openBackedUp({ major: 15, settings: sizes });
    endings.push(() => server.stop());
    // Images let nobody in for that, which is why ours does without; the peer needs it.
    await server.query(`copy (values ('host all all all scram-sha-256'), ('host replication all all scram-sha-256'))
      to '${await dataFolder(server)}/pg_hba.conf'; select pg_reload_conf()`);
    const scale = effort.quick ? 3 : 30;
    await asSuperuser(server, ['-i', '-q', '-s', String(scale)]);
    // As much again that does not compress well.
    await server.query(`create table noise as select g as id, md5(g::text) || md5((g * 7)::text) || md5((g * 13)::text) as v
      from generate_series(1, ${scale * 110_000}) g`);
    await server.query('vacuum (freeze, analyze)');
    await server.query('checkpoint');
    const size = await server.query('select sum(pg_database_size(oid)) as bytes from pg_database');
    const bench = { ...world, endings, server, megabytes: Number(size.rows[0]?.['bytes']) / 1_048_576 };
    const { figures, copying } = await bases(bench, folder, effort);
    figures.push(...(await streaming(bench, copying, folder, effort)));
    figures.push(...(await back(bench, copying, folder)));
    return figures;
  } finally {
    await endings.end();
  }
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

/** Each round copies all of it: with keys of its own, nothing that is there already is used again. */
async function bases(
  bench: Bench,
  folder: string,
  effort: Effort,
): Promise<{ figures: Figure[]; copying: CopyingProcess }> {
  const { server, megabytes, endings, told, bucket } = bench;
  const [theirs, packed, ours, counts, memory]: number[][] = [[], [], [], [], []];
  let copying: CopyingProcess | undefined;
  for (let round = 0; round < (effort.quick ? 1 : 3); round++) {
    theirs?.push(await took(() => peer(server, path.join(folder, 'plain'), ['-Fp'])));
    packed?.push(await took(() => peer(server, path.join(folder, 'packed'), ['-Ft', '--compress=client-zstd:1'])));
    await copying?.close();
    await withoutSlot(server);
    bucket.held.clear();
    const began = performance.now();
    const present = new CopyingProcess(await bench.state(`base-${round}`), told, server.port);
    copying = present;
    endings.push(() => present.close());
    const { backups } = await until('a copy is whole', async () => wholeIn(await present.view()), patience);
    counts?.push((performance.now() - began) / 1000);
    const [first] = backups;
    ours?.push((Date.parse(first?.finishedAt ?? '') - Date.parse(first?.startedAt ?? '')) / 1000);
    memory?.push(mostMemory(present.pid));
  }
  if (copying === undefined) throw new Error('nothing was copied');
  const part = `backup, base of ${megabytes.toFixed(0)} MB`;
  const [plain, zstd, own] = [median(theirs ?? []), median(packed ?? []), median(ours ?? [])];
  return {
    copying,
    figures: [
      { part, name: 'pg_basebackup, files as they are, into a folder', value: plain, unit: 's' },
      { part, name: 'pg_basebackup, zstd:1, into a folder', value: zstd, unit: 's' },
      { part, name: 'ours: zstd, encrypted, signed, into a bucket', value: own, unit: 's' },
      { part, name: 'ours, until it counts, from the start of the process', value: median(counts ?? []), unit: 's' },
      { part, name: 'ours, files as they are being 1', value: own / plain, unit: '×', atMost: 2 },
      { part, name: 'ours, zstd:1 being 1', value: own / zstd, unit: '×' },
      { part, name: 'most memory of the copying process', value: Math.max(...(memory ?? [])), unit: 'MB', atMost: 256 },
    ],
  };
}

function wholeIn(view: CopyingView | undefined): CopyingView | undefined {
  return view?.backups.some((one) => one.state === 'whole') === true ? view : undefined;
}

async function peer({ port, password }: TestServer, into: string, how: readonly string[]): Promise<void> {
  await rm(into, { recursive: true, force: true });
  const where = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-D', into, '-c', 'fast', '-X', 'stream'];
  const env = { PATH: process.env['PATH'], PGPASSWORD: password };
  await run(path.join(bin, 'pg_basebackup'), [...where, ...how], { env });
}

async function withoutSlot(server: TestServer): Promise<void> {
  await until('nobody reads by the slot', async () => {
    const dropped = server.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots');
    return dropped.then(
      () => true,
      () => undefined,
    );
  });
}

/** Megabytes, since it began. */
function mostMemory(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** TPC-B with and without anybody who copies its log, in turn; and how far behind the kept log is while it runs. */
async function streaming(
  { server }: Bench,
  copying: CopyingProcess,
  folder: string,
  effort: Effort,
): Promise<readonly Figure[]> {
  const seconds = effort.quick ? 3 : 15;
  // The server and its load have one core, whoever copies has the other, as on a machine of its own.
  const postmaster = await postmasterOf(server);
  onCores(postmaster, '0');
  onCores(process.pid, '1');
  const load = (): Promise<number> => asSuperuser(server, ['-n', '-c', '4', '-T', String(seconds)]);
  const [ratios, behind, peers]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < (effort.quick ? 1 : 5); round++) {
    await caughtUp(server, copying);
    onCores(copying.pid, '1');
    const watched = behindWhile(copying, load());
    const beside = await watched.rate;
    behind.push(...watched.samples);
    copying.pause();
    await sleep(500);
    const alone = await load();
    peers.push((await besidePeer(server, path.join(folder, `received-${round}`), load)) / alone);
    copying.resume();
    ratios.push(beside / alone);
  }
  onCores(postmaster, '0,1');
  onCores(process.pid, '0,1');
  const part = `backup, TPC-B of 4 clients`;
  return [
    { part, name: 'throughput beside the copying, alone being 1', value: median(ratios), unit: '×', atLeast: 0.95 },
    { part, name: 'the same beside pg_receivewal', value: median(peers), unit: '×' },
    { part, name: 'a crash would have lost, median', value: median(behind), unit: 's' },
    { part, name: 'a crash would have lost, most', value: quantile(behind, 1), unit: 's', atMost: 2 },
  ];
}

/** PostgreSQL's own tool writes the log into a folder. */
async function besidePeer(
  { port, password }: TestServer,
  folder: string,
  load: () => Promise<number>,
): Promise<number> {
  await mkdir(folder);
  const env = { PATH: process.env['PATH'], PGPASSWORD: password };
  const where = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-D', folder];
  const child = spawn(path.join(bin, 'pg_receivewal'), where, { env, stdio: 'ignore' });
  try {
    await sleep(500);
    return await load();
  } finally {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
}

function behindWhile(
  copying: CopyingProcess,
  load: Promise<number>,
): { readonly rate: Promise<number>; readonly samples: number[] } {
  const samples: number[] = [];
  const over = new AbortController();
  const rate = load.finally(() => over.abort());
  const watch = async (): Promise<number> => {
    await sleep(1_500);
    while (!over.signal.aborted) {
      const at = (await copying.view())?.log?.restorableTo;
      if (at !== undefined && !over.signal.aborted) samples.push((Date.now() - Date.parse(at)) / 1000);
      await sleep(100);
    }
    return rate;
  };
  return { rate: watch(), samples };
}

async function caughtUp(server: TestServer, copying: CopyingProcess): Promise<CopyingView> {
  const end = String((await server.query('select pg_current_wal_flush_lsn()::text as at')).rows[0]?.['at']);
  return until(
    `the log is kept to ${end}`,
    async () => {
      const view = await copying.view();
      return view?.log !== undefined && BigInt(lsn(view.log.position)) >= BigInt(lsn(end)) ? view : undefined;
    },
    patience,
  );
}

/** By kit and key, log and all; and a copy of files that was made before, put back with `cp` and started. */
async function back(
  { server, root, recovery, megabytes }: Bench,
  copying: CopyingProcess,
  folder: string,
): Promise<readonly Figure[]> {
  const { kit, log, backups } = await caughtUp(server, copying);
  if (kit === undefined || log === undefined) throw new Error('there is no kit');
  const first = backups.find((one) => one.state === 'whole');
  const replayed = Number(BigInt(lsn(log.position)) - BigInt(lsn(first?.startLsn ?? '0/0'))) / 1_048_576;
  await copying.close();
  const parts = { files: 0, log: 0, replay: 0 };
  const [kitFile, key] = [path.join(root, 'kit.json'), path.join(root, 'recovery.key')];
  await writeFile(kitFile, JSON.stringify(kit));
  await writeFile(key, recovery, { mode: 0o600 });
  // As a person does it, in a process of its own: the bucket's double has this one.
  const holdpoint = path.join(import.meta.dirname, '..', 'bin', 'holdpoint.js');
  const how = ['--kit', kitFile, '--private', '--identity', key, '--as', path.join(root, 'back'), '--stop', '--json'];
  const env = { PATH: process.env['PATH'], AWS_ACCESS_KEY_ID: 'HUMAN', AWS_SECRET_ACCESS_KEY: 'h', HOME: root };
  const ours = await took(async () => {
    const { stdout } = await run(process.execPath, [holdpoint, 'restore', 'pg', ...how], { env });
    Object.assign(parts, (JSON.parse(stdout) as { took: typeof parts }).took);
  });
  const byHand = await took(() => cp(server, path.join(folder, 'plain'), root));
  const part = `backup, bringing back ${megabytes.toFixed(0)} MB and ${replayed.toFixed(0)} MB of log`;
  return [
    { part, name: 'cp of the files and of the log, and replay', value: byHand, unit: 's' },
    { part, name: 'ours', value: ours, unit: 's' },
    { part, name: 'ours: files fetched, opened, written', value: parts.files / 1000, unit: 's' },
    { part, name: 'ours: log fetched, opened, written', value: parts.log / 1000, unit: 's' },
    { part, name: 'ours: replay', value: parts.replay / 1000, unit: 's' },
    { part, name: 'ours, by hand being 1', value: ours / byHand, unit: '×', atMost: 1.5 },
  ];
}

/** The newest `pg_basebackup`, and the log of the lost server as if somebody had kept it in a folder. */
async function cp(server: TestServer, from: string, root: string): Promise<void> {
  const [data, hand] = [await dataFolder(server), path.join(root, 'hand')];
  await mkdir(hand, { mode: 0o755 });
  const into = path.join(hand, 'data');
  await run('cp', ['-a', from, into]);
  await run('sh', ['-c', `cp -an ${data}/pg_wal/0* ${into}/pg_wal/; sync -f ${into}`]);
  const owner =
    process.getuid?.() === 0 ? ['setpriv', '--reuid', 'nobody', '--regid', 'nogroup', '--clear-groups'] : [];
  if (owner.length > 0) await run('chown', ['-R', 'nobody:nogroup', hand]);
  const [program, ...args] = [...owner, path.join(bin, 'pg_ctl'), '-D', into, '-w', '-t', '300'];
  const options = `-c listen_addresses='' -c unix_socket_directories=${hand} -c archive_mode=off -c shared_buffers=256MB -c max_wal_size=4GB`;
  await run(program, [...args, '-o', options, '-l', path.join(hand, 'log'), 'start']);
  await run(program, [...args, '-m', 'immediate', 'stop']);
}
