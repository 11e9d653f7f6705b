import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../pocketos/database.ts';
import { must } from '../human/human.ts';
import { bringBack } from '../human/restorer.ts';
import { type Checks, expect } from '../stage/checks.ts';
import { type Digests, digestsOfServer } from './databases.ts';
import type { Guarded } from './guarded.ts';
import { type Lost, loseDisk, loseProvider } from './loss.ts';
import type { Setting } from './world.ts';
import type { BackupKit } from '../../src/contract/backup-kit.ts';
import { lsnNumber } from '../../src/contract/lsn.ts';

/** PocketOS rebuilt its bookings by hand for this long. */
const hoursOfPocketOs = 30;

/**
 * B1 to B3: what nobody should be able to do happens all the same, past Holdpoint: the volume goes with every backup in it, then
 * the provider's account. What comes back comes from another account, by a public kit and a key on paper. Gives the last line.
 */
export async function backFromNothing(setting: Setting, guarded: Guarded, checks: Checks): Promise<string> {
  const { world, copies } = guarded;
  setting.stage.tell(
    'somebody',
    'holds the real account token and goes past Holdpoint, which cannot stop that: the volume, then the account',
    'bad',
  );
  const production = await comesBack(setting, guarded, checks, {
    name: 'pg-production',
    as: 'back-18',
    title:
      'volume, its seven backups and the provider’s account are gone; from the vault every table’s digest is equal',
    url: world.databaseUrl,
    lose: () => loseProvider(world),
  });
  const { archive } = copies;
  if (archive === undefined) {
    setting.stage.tell('B3', 'PostgreSQL 15 is not installed here: the same for it is not shown', 'warn');
    return production;
  }
  await comesBack(setting, guarded, checks, {
    name: 'pg-archive',
    as: 'back-15',
    title: 'the same for a PostgreSQL 15: its disk is gone, and every table’s digest is equal',
    url: archive.url,
    lose: () => loseDisk(archive),
  });
  return production;
}

interface Kept {
  /** Of the upstream that is copied. */
  readonly name: string;
  /** Where it comes back to. */
  readonly as: string;
  readonly title: string;
  readonly url: string;
  lose(): Promise<Lost>;
}

async function comesBack(setting: Setting, guarded: Guarded, checks: Checks, one: Kept): Promise<string> {
  const { name, url } = one;
  let line = `${name} did not come back`;
  await checks.run(
    {
      ids: ['B1', 'B2', 'B3'],
      title: one.title,
      guard: 'copies in another account, which no credential here can delete',
    },
    async () => {
      const { paper, human: access } = guarded.copies;
      const identity = paper.get(name);
      if (identity === undefined) return { findings: [`there is no copy of ${name}`] };
      const before = await digestsOfServer(url);
      const { kit, seen: current } = await caughtUp(guarded, one);
      const lost = await one.lose();
      const began = performance.now();
      const back = await bringBack(setting.place, one.as, { kit, identity, access });
      const after = await digestsOfServer(back.url);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      await back.stop();
      const findings = [
        ...lost.findings,
        expect(Object.keys(before).length > 0, 'no table was looked at'),
        expect(JSON.stringify(after) === JSON.stringify(before), 'the digests differ'),
      ];
      if (findings.every((finding) => typeof finding !== 'string'))
        line = `${name} is back in ${seconds} s from a bucket of another account, every digest equal; PocketOS took ${hoursOfPocketOs} hours`;
      const command = `holdpoint restore ${name} --kit … --identity …, without a daemon → up and read in ${seconds} s`;
      return { findings, seen: [current, ...lost.seen, command, ...sideBySide(before, after)].join('\n') };
    },
  );
  return line;
}

/** A line for each table that was there or is: its rows, and the beginnings of both digests. */
function sideBySide(before: Digests, after: Digests): readonly string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.map((name) => {
    const [rows, was] = shown(before[name]);
    const [, is] = shown(after[name]);
    return `${name.padEnd(30)} ${rows.padStart(7)} rows  before ${was}  after ${is}`;
  });
}

function shown(digest: string | undefined): readonly [rows: string, md5: string] {
  if (digest === undefined) return ['0', 'not there'];
  const [rows = '', md5 = ''] = digest.split(' ');
  return [Number(rows).toLocaleString('en'), md5.slice(0, 16) || 'empty'];
}

/** The kit, once all that the server has written is in the vault. */
async function caughtUp({ human }: Guarded, { name, url }: Kept): Promise<{ kit: BackupKit; seen: string }> {
  const client = await connect(url);
  // PocketOS commits without waiting for the disk; this does.
  await client.query(`set synchronous_commit = on; select pg_logical_emit_message(true, 'demo', 'all of it')`);
  const { rows } = await client.query<{ at: string }>('select pg_current_wal_flush_lsn()::text as at');
  await client.end();
  const at = rows[0]?.at ?? '0/0';
  const asked = performance.now();
  for (let attempt = 0; attempt < 300; attempt++) {
    const kit = must(await human.get(`/v1/backups/${name}/kit`)) as unknown as BackupKit;
    const through = kit.expected.wal[0]?.through;
    if (kit.newest !== undefined && through !== undefined && lsnNumber(through) >= lsnNumber(at)) {
      const later = ((performance.now() - asked) / 1000).toFixed(1);
      return {
        kit,
        seen: `the copy is current: the server wrote to ${at}, the vault has it through ${through} (${later} s)`,
      };
    }
    await sleep(100);
  }
  throw new Error(`no copy of ${name} is whole: ${JSON.stringify(must(await human.get(`/v1/backups/${name}`)))}`);
}
