import { generateKeyPairSync, hash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { BackupStore, BasePart } from '../../src/contract/backup.ts';
import { newIdentity } from '../../src/features/backup/format/age.ts';
import { writeBase } from '../../src/features/backup/write-base.ts';
import { pretendSource, tarHead } from './pretend.ts';

/** Copies a cluster of so many megabytes into a slow store that keeps nothing, and prints the most memory it took. */
const megabytes = Number(process.argv[2]);
const megabyte = 1024 * 1024;
const { source } = pretendSource({ files: [] });

async function* base(): AsyncGenerator<BasePart> {
  yield { kind: 'start', position: '0/2000028', timeline: 1 };
  yield { kind: 'archive', name: 'base.tar' };
  const noise = randomBytes(megabyte);
  for (let file = 0; file < megabytes / 64; file++) {
    yield { kind: 'data', bytes: tarHead(`base/1/${file}`, 64 * megabyte, '0') };
    for (let index = 0; index < 64; index++) {
      // As a socket gives it: new bytes each time, half of them compressible.
      const bytes = Buffer.from(noise);
      bytes.fill(index, 0, megabyte / 2);
      bytes.writeUInt32BE(file * 64 + index, megabyte - 4);
      for (let at = 0; at < megabyte; at += 65_536) yield { kind: 'data', bytes: bytes.subarray(at, at + 65_536) };
    }
  }
  yield { kind: 'end', position: '0/2000120', timeline: 1 };
}

const store: BackupStore = {
  name: 'slow',
  place: { kind: 'memory', host: 'nowhere' },
  async put(key, bytes, keptUntil) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const sha256 = hash('sha256', bytes, 'hex');
    return { key, version: 'v', sha256, size: bytes.length, keptUntil: keptUntil.toISOString() };
  },
  get: () => Promise.reject(new Error('nothing is kept')),
  // oxlint-disable-next-line require-yield
  async *list() {},
  probe: async () => [],
  close: async () => undefined,
};

const keys = {
  naming: randomBytes(32),
  signing: generateKeyPairSync('ed25519').privateKey,
  recipients: [newIdentity().recipient, newIdentity().recipient],
};
const started = performance.now();
const written = await writeBase({
  source: { ...source, base },
  stores: [store, { ...store, name: 'slow too' }],
  keys,
  clock: { now: () => Date.now() },
  keptUntil: new Date(Date.now() + 60_000),
});
// Kilobytes, of this program alone: `resourceUsage` counts what the process that began us took, too.
const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
const most = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS) / 1024;
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ megabytes: Math.round(most), plain: written.manifest.plainSize, seconds }));
