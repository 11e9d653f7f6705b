import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openRehearsed } from './rehearsed.ts';
import { newIdentity } from '../../features/backup/format/age.ts';
import { readConfig } from '../config.ts';
import { neverDrilled } from '../../road/policy/question.ts';
import { openSqliteStore } from '../../stores/sqlite/store.ts';

const hour = 3_600_000;
const { recipient } = newIdentity();
const config = readConfig(`version: 1
upstreams:
  a: { provider: postgres, environment: live, credential: 'vault:a', address: 'postgres://db.example:5432/a' }
  b: { provider: postgres, environment: live, credential: 'vault:b', address: 'postgres://db.example:5432/b' }
  a-backup: { provider: postgres, environment: live, credential: 'vault:x', address: 'postgres://db.example:5432/a', replication: true }
  b-backup: { provider: postgres, environment: live, credential: 'vault:y', address: 'postgres://db.example:5432/b', replication: true }
environments:
  live: { production: true }
stores:
  far: { s3: 'https://s3.example', bucket: vault, credential: 'vault:far' }
backups:
  a: { source: a-backup, stores: [far], recovery: ${recipient} }
  b: { source: b-backup, stores: [far], recovery: ${recipient} }
`);

test('B2: the stalest rehearsal of an environment counts, and one that failed or never was counts as never', async () => {
  let now = Date.UTC(2026, 0, 2);
  const store = await openSqliteStore({
    path: path.join(mkdtempSync(path.join(tmpdir(), 'holdpoint-rehearsed-')), 'store'),
  });
  const drill = (name: string, at: number, good = true) => ({
    id: `dr_${name}_${at}`,
    name,
    backup: 'bk',
    good,
    at: new Date(at).toISOString(),
  });
  const kept = drill('a', now - 3 * hour);
  await store.transact(async (tx) => tx.put('drills', kept.id, kept));
  const rehearsed = await openRehearsed({ store, config: () => config, clock: { now: () => now } });
  expect(rehearsed.hours()).toEqual({ live: neverDrilled });
  rehearsed.note(drill('b', now - 5 * hour - 1));
  expect(rehearsed.hours()).toEqual({ live: 5 });
  rehearsed.note(drill('b', now - 9 * hour));
  expect(rehearsed.hours()).toEqual({ live: 5 });
  now -= 24 * hour;
  expect(rehearsed.hours()).toEqual({ live: neverDrilled });
  now += 48 * hour;
  expect(rehearsed.hours()).toEqual({ live: 29 });
  rehearsed.note(drill('a', now, false));
  expect(rehearsed.hours()).toEqual({ live: neverDrilled });
  await store.close();
});
