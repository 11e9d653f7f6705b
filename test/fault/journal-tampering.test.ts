import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyJournal } from '../../src/features/verify/verify.ts';
import { checkpointSigner } from '../../src/road/journal/note.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { Dice, seedFor } from './journal-dice.ts';
import { exported, JournalPlace, origin } from './journal-place.ts';
import { parsed, type Target, tamperings, written } from './journal-tampering.ts';

const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 255, 256, 257];
const texts = ['plain', 'ü“ß”', 'a\u2028b\u2029c', '😀\u0000\u001f', '"\\/', '__proto__', '\u202e'];

interface Sample extends Target {
  readonly publicKey: string;
  readonly notes: readonly string[];
}

/** A journal of exactly so many entries, written by the real writer in commits of chance size. */
async function sample(size: number, dice: Dice): Promise<Sample> {
  await using place = await JournalPlace.make();
  const { store, journal } = await place.open();
  for (let now = 1; now < size;) {
    const more = Math.min(dice.below(6) + 1, size - now);
    const records = Array.from({ length: more }, (_, at) => {
      place.clock.time += dice.below(3);
      const body = {
        number: now + at,
        text: dice.pick(texts),
        deep: [{ a: [dice.below(1000) / 7, null, { '': dice.pick(texts) }] }],
      };
      return journal.record({ kind: 'refused', principal: dice.pick(['cursor', 'jane']), body });
    });
    await Promise.all(records);
    now += more;
  }
  const lines = await exported(store);
  await store.close();
  const notes = parsed(lines).flatMap((line) => (line.kind === 'checkpoint' ? [line.note] : []));
  const stranger = checkpointSigner(origin, generateKeyPairSync('ed25519').privateKey);
  return { lines, signer: checkpointSigner(origin, place.key), stranger, publicKey: journal.verifierKey, notes };
}

describe('tampering with an exported journal', async () => {
  const seed = seedFor('tampering');
  const dice = new Dice(seed);
  const samples: Sample[] = [];
  for (const size of sizes) samples.push(await sample(size, dice));

  it(
    'J1: finds 1,000 of 1,000, of every kind, and puts no blame behind the first bad entry',
    { timeout: 120_000 },
    async () => {
      const names = Object.keys(tamperings);
      const tried = new Map<string, number>(names.map((name) => [name, 0]));
      const missed: string[] = [];
      for (let count = 0; count < 1000;) {
        const name = names[count % names.length] ?? '';
        const target = dice.pick(samples);
        const tampered = tamperings[name]?.(target, dice);
        if (tampered === undefined || tampered.lines.join('\n') === target.lines.join('\n')) continue;
        count += 1;
        tried.set(name, (tried.get(name) ?? 0) + 1);
        // The witness has the newest checkpoint and two older ones; those are not always needed.
        const retained = [dice.pick(target.notes), dice.pick(target.notes), target.notes.at(-1) ?? ''];
        const use = tampered.needsRetained === true || dice.below(2) === 0 ? { retained } : {};
        const report = await verifyJournal({ entries: tampered.lines, publicKey: target.publicKey, ...use });
        const [found] = report.findings;
        const what = `${name} (number ${count}, seed ${seed})`;
        if (report.ok || found === undefined) missed.push(what);
        if (tampered.exactly !== undefined) expect(found?.index, what).toBe(tampered.exactly);
        if (tampered.first !== undefined) expect(found?.index ?? 0, what).toBeLessThanOrEqual(tampered.first);
        if (tampered.first !== undefined && found?.before !== undefined && tampered.needsRetained !== true) {
          expect(
            report.findings.some(({ before = Infinity }) => before > Number(tampered.first)),
            what,
          ).toBe(true);
        }
      }
      expect(missed).toEqual([]);
      expect([...tried.values()].every((count) => count >= 50)).toBe(true);
      console.log(`tampering: ${[...tried].map(([name, count]) => `${name} ${count}`).join(', ')}`);
    },
  );

  it('J1: no false alarm on untouched journals of any size, with and without a witness', async () => {
    for (const [at, { lines, publicKey, notes }] of samples.entries()) {
      const report = await verifyJournal({ entries: lines, publicKey });
      expect(report).toMatchObject({
        ok: true,
        entries: sizes[at],
        signed: sizes[at],
        findings: [],
        checkpoints: notes.length,
      });
      expect((await verifyJournal({ entries: lines, publicKey, retained: notes })).findings).toEqual([]);
    }
    for (let round = 0; round < 200; round++) {
      const { lines, publicKey, notes } = dice.pick(samples);
      const all = parsed(lines);
      const cuts = all.flatMap(({ kind }, at) => (kind === 'checkpoint' ? [at + 1] : []));
      const cut = dice.pick(cuts);
      const earlier = written(all.slice(0, cut));
      const retained = notes.slice(0, cuts.indexOf(cut) + 1);
      expect((await verifyJournal({ entries: earlier, publicKey, retained })).findings).toEqual([]);
    }
  });

  it('J1: an empty journal is whole; nothing at all is not; an emptied one shows before a witness', async () => {
    await using place = await JournalPlace.make();
    const store = await openSqliteStore({ path: place.path });
    const lines = await exported(store);
    await store.close();
    const { publicKey, notes } = dice.pick(samples);
    expect(await verifyJournal({ entries: lines, publicKey })).toMatchObject({ ok: true, entries: 0, findings: [] });
    expect((await verifyJournal({ entries: lines, publicKey, retained: notes })).findings).toMatchObject([
      { kind: 'truncated', index: 0 },
    ]);
    expect(await verifyJournal({ entries: [], publicKey })).toMatchObject({
      ok: false,
      findings: [{ kind: 'malformed' }],
    });
  });

  it('J1: two signed checkpoints of one size that differ are a fork, whatever the journal says', async () => {
    const { lines, signer, publicKey, notes } = samples[9] ?? dice.pick(samples);
    const other = signer.sign(16, Buffer.alloc(32, 7));
    const { findings } = await verifyJournal({ entries: lines, publicKey, retained: [...notes, other] });
    expect(findings.map(({ kind }) => kind)).toContain('fork');
    const forged = notes.map((note) => note.replace('— ', '— x'));
    expect((await verifyJournal({ entries: lines, publicKey, retained: forged })).ok).toBe(false);
  });

  it('F3: never throws, whatever the lines, the key and the source are', async () => {
    const { lines, publicKey } = samples[4] ?? dice.pick(samples);
    const nested = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const wrong: unknown[] = [
      null,
      7,
      {},
      nested,
      `{"entry":${nested},"leaf":"${'0'.repeat(64)}"}`,
      '{"entry":{},"leaf":""}',
      '{"checkpoint":7}',
    ];
    for (const line of wrong) {
      const entries = [...lines.slice(0, 3), line, ...lines.slice(3)] as string[];
      expect((await verifyJournal({ entries, publicKey })).ok).toBe(false);
    }
    const broken = (async function* () {
      yield* lines.slice(0, 2);
      throw new Error('the disk is gone');
    })();
    expect((await verifyJournal({ entries: broken, publicKey })).findings.map(({ kind }) => kind)).toContain(
      'unreadable',
    );
    for (const key of ['', 'x', publicKey.slice(0, -1), publicKey.replace('+', '-')]) {
      const report = await verifyJournal({ entries: lines, publicKey: key });
      expect(report.ok).toBe(false);
      expect(report.findings[0]?.kind).toBe('key');
    }
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constantFrom(...lines))),
        async (entries) => {
          const report = await verifyJournal({ entries, publicKey, retained: entries });
          expect(report.ok).toBe(false);
        },
      ),
      { numRuns: 200, seed },
    );
    const flood = Array.from({ length: 5000 }, () => 'x');
    const report = await verifyJournal({ entries: flood, publicKey });
    expect(report.findings.length + report.more).toBeGreaterThanOrEqual(5000);
    expect(report.findings.length).toBeLessThanOrEqual(100);
  });
});
