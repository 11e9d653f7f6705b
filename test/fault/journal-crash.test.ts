import { describe, expect, it } from 'vitest';
import { verifyJournal } from '../../src/features/verify/verify.ts';
import { brokenPromises, runChild, withStore } from './journal-crash.ts';
import { Dice, seedFor } from './journal-dice.ts';
import { exported, JournalPlace } from './journal-place.ts';
import { full } from '../full.ts';

const kills = Number(process.env['HOLDPOINT_KILLS'] ?? (full ? 150 : 10));

describe('SIGKILL while the journal is written', () => {
  it(
    `F2, J1: ${kills} kills at chance moments lose no acknowledged entry; a gap entry tells of each`,
    { timeout: kills * 10_000 },
    async () => {
      const seed = seedFor('journal crash');
      const dice = new Dice(seed);
      await using place = await JournalPlace.make();
      const retained: string[] = [];
      const moments = { 'while it opened': 0, 'while it wrote': 0 };
      let acknowledged = 0;
      let gaps = 0;
      for (let kill = 0; kill < kills; kill++) {
        // One in five is killed by the clock, so that opening is hit too; the others so long after so many answers.
        const early = dice.below(5) === 0;
        const [after, delay] = [dice.below(120), dice.below(early ? 400 : 15)];
        let seen = 0;
        const answers = await runChild(place, {
          writers: 8,
          watch: (child, line) => {
            if (line?.startsWith('ack') === true) seen += 1;
            const now = early ? line === undefined : line !== undefined && seen === after;
            if (now) setTimeout(() => child.kill('SIGKILL'), delay);
          },
        });
        acknowledged += answers.acknowledged.size;
        moments[answers.ready ? 'while it wrote' : 'while it opened'] += 1;
        const what = `kill ${kill}, seed ${seed}`;
        const last = await withStore(place, async (store) => {
          expect(await brokenPromises(store, answers), what).toEqual([]);
          return (await store.find('entries', { order: 'descending', limit: 1 }))[0]?.record['entry'] as
            | { readonly kind: string; readonly index: number }
            | undefined;
        });
        place.clock.time = Date.now();
        const { store, journal } = await place.open();
        const first = await journal.entry((last?.index ?? -1) + 1);
        expect(first?.kind, what).toBe(last === undefined || last.kind === 'stopped' ? 'started' : 'gap');
        if (first?.kind === 'gap') gaps += 1;
        retained.push(await journal.latestCheckpoint());
        if (dice.below(3) === 0) await journal.close();
        await store.close();
      }
      const lines = await withStore(place, exported);
      const { publicKey } = await (async () => {
        const { store, journal } = await place.open();
        await store.close();
        return { publicKey: journal.verifierKey };
      })();
      const report = await verifyJournal({ entries: lines, publicKey, retained });
      expect(report).toMatchObject({ ok: true, findings: [], retained: kills });
      expect(acknowledged).toBeGreaterThan(kills * 10);
      expect(gaps).toBeGreaterThan(0);
      console.log(
        `journal crash: ${acknowledged} entries acknowledged, ${report.entries} written, ${gaps} gaps, killed ${JSON.stringify(moments)}`,
      );
    },
  );
});
