import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CopyingProcess, type CopyingView } from './copying-process.ts';
import { Endings, lsn, until } from './copying-place.ts';
import { type CopyingWorld, openCopyingWorld } from './copying-world.ts';
import { openSql } from './kept.ts';
import { openBackedUp } from './source-server.ts';
import type { TestServer } from '../postgres/server.ts';
import type { BackupKit } from '../../src/contract/backup-kit.ts';
import type { BackupRecord } from '../../src/contract/backup-state.ts';
import type { Lsn } from '../../src/contract/backup.ts';
import { restoreByKit, verifyByKit } from '../../src/daemon/backup/offline.ts';

/** Everything that is in the database, in one line. */
const digest = `select (select count(*)::text || md5(string_agg(t::text, '|' order by id)) from public.bookings t)
  || (select md5(string_agg(relname || relkind::text, '|' order by relname)) from pg_class where relnamespace = 'public'::regnamespace) as all`;

const statements: readonly ((at: number) => string)[] = [
  (at) => `insert into bookings select g, 'more' from generate_series(${at}, ${at + 99}) g on conflict do nothing`,
  (at) => `update bookings set guest = guest || '!' where id % 7 = ${at % 7} and length(guest) < 100`,
  (at) => `delete from bookings where id % 31 = ${at % 31}`,
  (at) => `begin; delete from bookings where id % 3 = ${at % 3}; rollback`,
  (at) => `create table if not exists side_${at % 5} as select * from bookings where id % 11 = ${at % 11}`,
  (at) => `drop table if exists side_${at % 5}`,
  () => `truncate bookings; insert into bookings select g, 'anew ' || g from generate_series(1, 3000) g`,
  () => `select pg_switch_wal()`,
  () => `checkpoint`,
  () => `vacuum bookings`,
];

/** What goes wrong while it is copied. */
export const faults = [
  'nothing',
  'daemon killed',
  'daemon killed in a base backup',
  'store answers badly',
  'store does not answer',
  'line ended',
  'server killed',
  'server crashed in a base backup',
  'disk full',
  'clock wrong',
  'slot lost',
  'another daemon at the same slot',
  'another daemon has read the slot on',
] as const;
export type Fault = (typeof faults)[number];

export interface CyclesAsked {
  readonly cycles: number;
  readonly seed: number;
  readonly major?: 15 | 18;
  readonly progress?: (said: string) => void;
}

export interface CyclesTally {
  /** How often each went wrong. */
  readonly faults: ReadonlyMap<Fault, number>;
  /** Restores that gave what was there. */
  readonly equal: number;
  /** Copying that began anew, because some of the log was gone. */
  readonly anew: number;
  readonly wrong: readonly string[];
}

/** What the database held at a position of its log. */
interface Checkpoint {
  readonly at: Lsn;
  readonly all: string;
  readonly from: number;
}

type Random = (below: number) => number;

/** Small, seeded, and the same everywhere. */
function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Load, a fault, and a restore to a moment that was kept, by a kit and the recovery key alone; so many times on one server. */
export async function backupCycles(asked: CyclesAsked): Promise<CyclesTally> {
  const endings = new Endings();
  try {
    return await cycled(await openWorld(endings, asked.major ?? 18), asked);
  } finally {
    await endings.end();
  }
}

async function cycled(world: World, { cycles, seed, progress }: CyclesAsked): Promise<CyclesTally> {
  const random = randomOf(seed);
  const [done, wrong, kept] = [new Map<Fault, number>(), [] as string[], [] as Checkpoint[]];
  let [equal, anew, told, since] = [0, 0, 0, ''];
  await until('a first copy is whole', async () => ((await world.copying.view())?.kit?.newest ? true : undefined));
  const possible = faults.filter((one) => one !== 'disk full' || world.canFill);
  // Every one of them in each round, in another order.
  let round: Fault[] = [];
  for (let cycle = 0; cycle < cycles; cycle++) {
    if (round.length === 0) round = shuffled(possible, random);
    const fault = round.pop() ?? 'nothing';
    const about = `seed ${seed}, cycle ${cycle}, ${fault}`;
    try {
      const { made, view } = await lived(world, fault, random, cycle);
      if (view.log.since !== since) {
        anew += since === '' ? 0 : 1;
        since = view.log.since;
      }
      kept.push(...made);
      const wanted = random(5) < 3 ? made.at(-1) : kept[random(kept.length)];
      if (wanted === undefined) throw new Error('nothing was looked at');
      const found = await restoredTo(world, view.kit, wanted.at, cycle);
      if (found === wanted.all) equal += 1;
      else
        wrong.push(`${about}: at ${wanted.at}, of cycle ${wanted.from}, came back ${found} instead of ${wanted.all}`);
    } catch (thrown) {
      wrong.push(`${about}: ${thrown instanceof Error ? thrown.message : String(thrown)}${world.copying.said}`);
    }
    done.set(fault, (done.get(fault) ?? 0) + 1);
    progress?.(`${cycle + 1} of ${cycles}, ${equal} equal, ${wrong.length} wrong; last: ${fault}`);
    for (const one of wrong.slice(told)) progress?.(`wrong: ${one}`);
    told = wrong.length;
    if (wrong.length >= 3) break;
  }
  const last = await world.copying.view();
  if (last?.kit === undefined) wrong.push('nothing is known at the end');
  else wrong.push(...(await damaged(world, last.kit, anew)));
  return { faults: done, equal, anew, wrong };
}

function shuffled<T>(all: readonly T[], random: Random): T[] {
  return all
    .map((one) => ({ one, at: random(1 << 30) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
}

type Ready = CopyingView & { readonly kit: BackupKit; readonly log: NonNullable<CopyingView['log']> };

/** Load with a fault in it, until all of it is kept. */
async function lived(
  world: World,
  fault: Fault,
  random: Random,
  cycle: number,
): Promise<{ readonly made: readonly Checkpoint[]; readonly view: Ready }> {
  const [before, after] = [loadOf(random), loadOf(random)];
  const harm = harmed(world, fault, random);
  await loaded(world.server, before);
  const first = await looked(world.server, cycle);
  await loaded(world.server, after);
  await harm;
  const made = [first];
  // What was lost before a new beginning was kept by nobody: then the next copy is waited for, and looked at what it is of.
  for (let attempt = 0; attempt < 3; attempt++) {
    const now = await looked(world.server, cycle);
    const view = await settled(world, now.at);
    if (isKept(view, now.at)) return { made: [...made, now].filter((one) => isKept(view, one.at)), view };
  }
  throw new Error('copying began anew again and again');
}

/** Until all is kept to that position, or a copy is whole that was begun later. */
async function settled(world: World, at: Lsn): Promise<CopyingView> {
  let said: readonly string[] = [];
  const ask = async (): Promise<CopyingView | undefined> => {
    const seen = await world.copying.view();
    said = seen?.problems ?? said;
    const later = seen?.log !== undefined && wholeOf(seen).some((one) => number(one.endLsn ?? at) > number(at));
    return seen !== undefined && (later || isKept(seen, at)) ? seen : undefined;
  };
  return until(`all is kept to ${at}`, ask, 60_000).catch((cause: unknown) => {
    throw new Error(`${String(cause)}; troubles: ${said.join(' | ')}`);
  });
}

/** Whether a copy is listed as good from which that position can be reached. */
function isKept(view: CopyingView, at: Lsn): view is Ready {
  const { kit, log } = view;
  if (kit === undefined || log === undefined || number(log.position) < number(at)) return false;
  return wholeOf(view).some(({ endLsn }) => endLsn !== undefined && number(endLsn) <= number(at));
}

/** Copies that the log which is kept now goes on from. */
function wholeOf({ log, backups }: CopyingView): readonly BackupRecord[] {
  return backups.filter(
    ({ state, system, startLsn }) =>
      state === 'whole' &&
      system === log?.system &&
      startLsn !== undefined &&
      number(startLsn) >= number(log?.since ?? startLsn),
  );
}

function number(at: Lsn): bigint {
  return BigInt(lsn(at));
}

function loadOf(random: Random): readonly { readonly text: string; readonly pause: number }[] {
  return Array.from({ length: 12 }, () => ({
    text: statements[random(statements.length)]?.(random(10_000)) ?? '',
    pause: random(40),
  }));
}

async function loaded(server: TestServer, load: ReturnType<typeof loadOf>): Promise<void> {
  for (const { text, pause } of load) {
    await server.query(text).catch(() => undefined);
    await sleep(pause);
  }
}

async function looked(server: TestServer, from: number): Promise<Checkpoint> {
  return until('the server answers', async () => {
    try {
      const all = String((await server.query(digest)).rows[0]?.['all']);
      const at = String((await server.query('select pg_current_wal_flush_lsn()::text as at')).rows[0]?.['at']);
      // The server may have ended between the two, and what comes after is the same.
      return String((await server.query(digest)).rows[0]?.['all']) === all ? { at, all, from } : undefined;
    } catch {
      return undefined;
    }
  });
}

/** By what a human has: the kit, the recovery key, and a credential that may list and get. */
async function restoredTo(world: World, kit: BackupKit, position: Lsn, cycle: number): Promise<string> {
  const { restored } = await restoreByKit({
    way: { kit, access: { keyId: 'HUMAN', secret: 'h' }, allowPrivate: true },
    target: { kind: 'position', position },
    identity: world.recovery,
    folder: path.join(world.root, `restored-${cycle}`),
  });
  try {
    const sql = await openSql({ socket: restored.server.socket, user: restored.server.user, database: 'postgres' });
    const [[all] = []] = await sql.run(digest);
    await sql.close();
    return String(all);
  } finally {
    await restored.remove();
  }
}

/** Objects that are not as they were put. What another daemon put is not ours, and each new beginning leaves a gap. */
async function damaged(world: World, kit: BackupKit, anew: number): Promise<readonly string[]> {
  const way = { kit, access: { keyId: 'HUMAN', secret: 'h' }, allowPrivate: true };
  const { findings } = await verifyByKit(way, () => undefined);
  const gaps = findings.filter((one) => one.kind === 'gap');
  const other = findings.filter((one) => one.kind !== 'gap' && one.kind !== 'forged');
  return [...other, ...(gaps.length > anew ? gaps : [])].map((one) => `verify: ${JSON.stringify(one)}`);
}

interface World extends CopyingWorld {
  /** What the copying process keeps. */
  readonly own: string;
  readonly server: TestServer;
  readonly copying: CopyingProcess;
  /** Its state has a small disk of its own. */
  readonly canFill: boolean;
}

async function openWorld(endings: Endings, major: 15 | 18): Promise<World> {
  const world = await openCopyingWorld(endings);
  const own = await world.state('own');
  await world.state('other');
  const canFill = mounted(own);
  if (canFill) endings.push(() => execFileSync('umount', ['-l', own]));
  const server = await openBackedUp({ major });
  endings.push(() => server.stop());
  await server.query(`create table bookings (id int primary key, guest text);
    insert into bookings select g, 'guest ' || g from generate_series(1, 2000) g`);
  const copying = new CopyingProcess(own, world.told, server.port);
  endings.push(() => copying.close());
  return { ...world, own, server, copying, canFill };
}

/** A small disk of its own; false where we may not make one. */
function mounted(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=700', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function harmed(world: World, fault: Fault, random: Random): Promise<void> {
  const { copying, server, weather } = world;
  await sleep(random(400));
  switch (fault) {
    case 'nothing':
      return;
    case 'daemon killed':
      for (let times = 1 + random(3); times > 0; times--) {
        copying.kill();
        await sleep(300 + random(1_200));
      }
      return;
    case 'daemon killed in a base backup':
      await copying.now();
      await sleep(random(600));
      return copying.kill();
    case 'store answers badly':
    case 'store does not answer': {
      const bad = fault === 'store answers badly' ? (['slow-down', 'broken'] as const) : (['cut', 'swallow'] as const);
      weather.every = 1 + random(3);
      weather.now = bad[random(bad.length)];
      if (random(2) === 0) await copying.now();
      await sleep(300 + random(2_000));
      weather.now = undefined;
      return;
    }
    case 'line ended':
      for (let times = 1 + random(4); times > 0; times--) {
        await server.query('select pg_terminate_backend(pid) from pg_stat_replication').catch(() => undefined);
        await sleep(random(300));
      }
      return;
    case 'server crashed in a base backup':
      await copying.now();
      await sleep(random(500));
      await server.crash();
      return server.start();
    case 'server killed':
      await server.kill();
      await sleep(random(1_000));
      return server.start();
    case 'disk full':
      return filled(world, 300 + random(1_500));
    case 'clock wrong':
      return skewed(world, random);
    case 'slot lost':
      return withoutSlot(server);
    case 'another daemon at the same slot':
      return besides(world, 500 + random(1_500));
    case 'another daemon has read the slot on':
      copying.pause();
      await besides(world, 1_000 + random(1_500));
      return copying.resume();
  }
}

async function filled({ own, copying }: World, ms: number): Promise<void> {
  const file = path.join(own, 'fill');
  const fill = openSync(file, 'w');
  try {
    const block = Buffer.alloc(65_536);
    const end = Date.now() + ms;
    while (Date.now() < end) {
      try {
        for (;;) writeSync(fill, block);
      } catch {
        // Full; again, because something else may have made room.
      }
      await sleep(50);
    }
    await copying.now();
  } finally {
    closeSync(fill);
    rmSync(file);
  }
}

async function skewed({ told, copying }: World, random: Random): Promise<void> {
  const day = 86_400_000;
  const error = [-3 * day, -3_600_000, 3_600_000, 10 * day][random(4)] ?? 0;
  await writeFile(path.join(told, 'clock'), String(error));
  if (random(2) === 0) await copying.now();
  await sleep(500 + random(1_500));
  await rm(path.join(told, 'clock'));
}

/** As by a person who tidies up: what nobody has read by then is lost to copies. */
async function withoutSlot(server: TestServer): Promise<void> {
  await until('the slot is gone', async () => {
    try {
      await server.query('select pg_terminate_backend(pid) from pg_stat_replication');
      await server.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active');
      return (await server.query('select from pg_replication_slots')).rowCount === 0 ? true : undefined;
    } catch {
      return undefined;
    }
  });
}

/** One with a state and keys of its own, as from a copied configuration. */
async function besides({ root, told, server }: World, ms: number): Promise<void> {
  const other = new CopyingProcess(path.join(root, 'other'), told, server.port);
  await sleep(ms);
  await other.close();
}
