import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLibrary, runFaultChild } from './file-faults.ts';
import { full } from '../full.ts';

/** Every call of each scenario where every test is asked for; else every so manieth. */
const stride = Number(process.env['HOLDPOINT_FAULT_STRIDE'] ?? (full ? 1 : 19));

const scenarios = [
  ['write', 'an undoable change'],
  ['hold', 'something irreversible is asked for'],
  ['approve', 'a human signs'],
  ['run', 'what was signed runs'],
  ['read', 'a read, and a checkpoint'],
  ['vault', 'a credential is added'],
  ['rotate', 'the vault is put under another key'],
  ['open', 'store, vault and journal are opened, written and closed'],
] as const;

/** A library of our own (gcc, LD_PRELOAD) rather than strace: thousands of faults in one process, each at a call that is counted. */
describe('file calls of store, vault and journal that fail with EIO or ENOSPC, once or from then on', () => {
  let folder: string;
  let built: ReturnType<typeof buildLibrary>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdpoint-faults-'));
    built = buildLibrary(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(scenarios)(
    'F1, F2: %s (%s): nothing unrecorded is sent, nothing acknowledged is lost, nothing is forged, and it goes on',
    { timeout: 600_000 },
    async (scenario, _what) => {
      if ('missing' in built) {
        if (full) throw new Error(`${built.missing}, and HOLDPOINT_FULL=1 asks for every test`);
        console.log(`left out: ${built.missing}`);
        return;
      }
      const data = join(folder, scenario);
      const control = join(folder, `control-${scenario}`);
      await mkdir(data, { mode: 0o700 });
      await writeFile(control, Buffer.alloc(32));
      const report = await runFaultChild({ library: built.path, control, folder: data, scenario, stride });
      expect(report.wrong).toEqual([]);
      // It proves nothing unless calls were made to fail.
      expect(report.injected).toBeGreaterThan(0);
      console.log(
        `file faults, ${scenario}: ${report.injected} calls failed in ${report.tried} tries: ${JSON.stringify(report.outcomes)}`,
      );
    },
  );
});
