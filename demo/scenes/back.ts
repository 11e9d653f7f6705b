import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../pocketos/database.ts';
import { must } from '../human/human.ts';
import { type Checks, expect } from '../stage/checks.ts';
import { type Digests, digestsOf } from './databases.ts';
import type { Guarded } from './guarded.ts';
import type { Setting } from './world.ts';
import type { BackupKit } from '../../src/contract/backup-kit.ts';
import { lsnNumber } from '../../src/contract/lsn.ts';
import { restoreByKit } from '../../src/daemon/backup/offline.ts';

/** PocketOS rebuilt its bookings by hand for this long. */
const hoursOfPocketOs = 30;

/**
 * B1 to B3: what nobody should be able to do happens all the same, past Holdpoint: the volume goes with every backup in it, then
 * the provider's account. What comes back comes from another account, by a public kit and a key on paper. Gives the last line.
 */
export async function backFromNothing(setting: Setting, guarded: Guarded, checks: Checks): Promise<string> {
  const { world, copies, databases } = guarded;
  setting.stage.tell(
    'somebody',
    'holds the real account token, goes past Holdpoint, and deletes the volume; then the account',
    'bad',
  );
  const production = await lost(setting, guarded, checks, {
    name: 'pg-production',
    title:
      'volume, its seven backups and the provider’s account are gone; from the vault every table’s digest is equal',
    url: world.databaseUrl,
    digests: () => databases.digests(),
    destroy: () => destroyed(setting, guarded),
  });
  const { archive } = copies;
  if (archive === undefined) {
    setting.stage.tell('B3', 'PostgreSQL 15 is not installed here: the same for it is not shown', 'warn');
    return production;
  }
  await lost(setting, guarded, checks, {
    name: 'pg-archive',
    title: 'the same for a PostgreSQL 15: its disk is gone, and every table’s digest is equal',
    url: archive.url,
    digests: () => digestsOf(archive.url),
    destroy: async () => {
      await archive.destroy();
      return { said: 'its disk is torn away', gone: true };
    },
  });
  return production;
}

interface Lost {
  readonly name: string;
  readonly title: string;
  readonly url: string;
  digests(): Promise<Digests>;
  destroy(): Promise<{ readonly said: string; readonly gone: boolean }>;
}

async function lost(setting: Setting, guarded: Guarded, checks: Checks, one: Lost): Promise<string> {
  let line = `${one.name} did not come back`;
  await checks.run(
    {
      ids: ['B1', 'B2', 'B3'],
      title: one.title,
      guard: 'copies in another account, which no credential here can delete',
    },
    async () => {
      const identity = guarded.copies.paper.get(one.name);
      if (identity === undefined) return { findings: [`there is no copy of ${one.name}`] };
      const before = await one.digests();
      const kit = await caughtUp(guarded, one);
      const { said, gone } = await one.destroy();
      const began = performance.now();
      const { restored } = await restoreByKit({
        way: { kit, access: guarded.copies.human, allowPrivate: true },
        target: { kind: 'newest' },
        identity,
        folder: path.join(setting.place.folder('back', 0o711), one.name),
      });
      try {
        const { socket, user } = restored.server;
        const database = new URL(one.url).pathname;
        const after = await digestsOf(`postgresql://${user}@localhost${database}?host=${path.dirname(socket)}`);
        const seconds = ((performance.now() - began) / 1000).toFixed(1);
        const same = JSON.stringify(after) === JSON.stringify(before);
        if (same && gone)
          line = `${one.name} is back in ${seconds} s from a bucket of another account, every digest equal; PocketOS took ${hoursOfPocketOs} hours`;
        return {
          findings: [
            expect(gone, 'it was not destroyed'),
            expect(Object.keys(before).length > 0, 'no table was looked at'),
            expect(same, `digests differ: ${JSON.stringify(before)} ${JSON.stringify(after)}`),
          ],
          seen: `${said}\nholdpoint restore, by the kit and the key on paper → ${seconds} s; of ${Object.keys(before).length} tables none differs`,
        };
      } finally {
        await restored.remove();
      }
    },
  );
  return line;
}

/** The kit, once all that the server has written is in the vault. */
async function caughtUp({ human }: Guarded, { name, url }: Lost): Promise<BackupKit> {
  const client = await connect(url);
  // PocketOS commits without waiting for the disk; this does.
  await client.query(`set synchronous_commit = on; select pg_logical_emit_message(true, 'demo', 'all of it')`);
  const { rows } = await client.query<{ at: string }>('select pg_current_wal_flush_lsn()::text as at');
  await client.end();
  for (let attempt = 0; attempt < 300; attempt++) {
    const kit = must(await human.get(`/v1/backups/${name}/kit`)) as unknown as BackupKit;
    const through = kit.expected.wal[0]?.through;
    if (kit.newest !== undefined && through !== undefined && lsnNumber(through) >= lsnNumber(rows[0]?.at ?? '0/0'))
      return kit;
    await sleep(100);
  }
  throw new Error(`no copy of ${name} is whole: ${JSON.stringify(must(await human.get(`/v1/backups/${name}`)))}`);
}

/** The incident's own call by the real token, and after it the whole account. */
async function destroyed({ place }: Setting, { world }: Guarded): Promise<{ said: string; gone: boolean }> {
  const { double } = world;
  const folder = double.volumeFolder('production');
  const response = await fetch(double.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${double.tokens.account}` },
    body: JSON.stringify({ query: `mutation { volumeDelete(volumeId: "${double.ids.volume}") }` }),
  });
  const answer = await response.text();
  const backups = world.backups();
  await double.stop();
  fs.rmSync(path.join(place.path, 'double-with'), { recursive: true, force: true });
  const gone = answer.includes('"volumeDelete":true') && backups === 0 && !fs.existsSync(folder);
  return {
    said: `volumeDelete → ${answer}; ${backups} backups left; then the account: nothing answers there any more`,
    gone,
  };
}
