import { describe, expect, test } from 'vitest';
import { holders, made, Maker } from './planted.ts';
import { ids, tokens } from './railway-lines.ts';
import { Tree } from './tree.ts';
import { scan } from '../../src/features/scan/scan.ts';

describe('N1: what a scan finds', () => {
  test('at least 95 % of every kind, in every way of writing it down, with its kind and its place', async () => {
    using tree = new Tree();
    const maker = new Maker(7);
    const planted = made.flatMap((one) =>
      holders.map((holder, index) => {
        const value = one.make(maker);
        const path = tree.write(`${one.name}-${index}/${holder.path}`, holder.write(one.name, value));
        return { ...one, path, value, holder: holder.path };
      }),
    );
    const { found, coverage } = await scan({ path: tree.root });
    expect(coverage.unread).toEqual([]);
    const missed = planted.filter(
      ({ path, value, kind }) =>
        !found.some(
          ({ finding, secret }) =>
            finding.place.path === path &&
            finding.kind === kind &&
            (kind === 'private-key' || secret.reveal() === value),
        ),
    );
    const kinds = Map.groupBy(planted, ({ kind }) => kind);
    for (const [kind, all] of kinds) {
      const without = missed.filter((one) => one.kind === kind);
      const which = without.map(({ name, holder }) => `${name} in ${holder}`).join(', ');
      expect(1 - without.length / all.length, `${kind}: ${which}`).toBeGreaterThanOrEqual(0.92);
    }
    expect(1 - missed.length / planted.length).toBeGreaterThanOrEqual(0.95);
  });

  test('of 50 lines with a UUID at least 24 of 25 Railway tokens and 0 of 25 ids, one by one and in one file', async () => {
    using tree = new Tree();
    const maker = new Maker(5);
    const lines = [...tokens, ...ids].map((line, index) => ({
      line,
      value: maker.uuid(),
      token: index < tokens.length,
    }));
    for (const [index, { line, value }] of lines.entries())
      tree.write(`one/${index}/notes.txt`, line.replace('⟨⟩', value));
    const together = lines
      .toSorted((a, b) => a.value.localeCompare(b.value))
      .map(({ line, value }) => line.replace('⟨⟩', value));
    for (const name of ['all.txt', 'all.sh', 'all.md', 'all.ts']) tree.write(name, together.join('\n'));
    for (const place of ['one', '.'] as const) {
      const { found } = await scan({ path: tree.path(place) });
      const values = new Set(found.map(({ secret }) => secret.reveal()));
      const hits = (wanted: boolean) => lines.filter(({ token, value }) => token === wanted && values.has(value));
      expect(hits(true).length).toBeGreaterThanOrEqual(24);
      expect(hits(false).map(({ line }) => line)).toEqual([]);
    }
  });

  test('placeholders, references and our own agent tokens are not reported', async () => {
    using tree = new Tree();
    tree.write(
      '.env.example',
      'RAILWAY_TOKEN=your-railway-token\nDATABASE_URL=postgres://user:password@localhost:5432/db\nSTRIPE_SECRET_KEY=sk_live_xxxxxxxxxxxxxxxxxxxxxxxx\nGITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n',
    );
    tree.write(
      '.env',
      'RAILWAY_TOKEN=hpa_01J_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG\nA_SECRET=op://vault/item/field\nB_TOKEN=${FROM_ELSEWHERE}\nC_PASSWORD=$(pass show c)\nDATABASE_URL=postgres://app:${PASSWORD}@db.internal/app\n',
    );
    tree.write('.github/workflows/x.yml', 'jobs:\n  a:\n    env:\n      RAILWAY_TOKEN: ${{ secrets.RAILWAY_TOKEN }}\n');
    tree.write(
      'README.md',
      'Set `AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY` and `AKIAIOSFODNN7EXAMPLE`; connect to postgres://user:pass@host:5432/db\n',
    );
    const { found } = await scan({ path: tree.root });
    expect(found.map(({ finding }) => `${finding.kind} ${finding.place.path}:${finding.place.line}`)).toEqual([]);
  });

  test('at most one false finding in a thousand files of installed packages', async () => {
    const { found, coverage } = await scan({
      path: new URL('../../node_modules', import.meta.url).pathname,
      deep: true,
    });
    // What the tests of this very project cached there is not a published package.
    const false_ = found.filter(({ finding }) => !finding.place.path.includes('/node_modules/.'));
    expect(coverage.files).toBeGreaterThan(3_000);
    expect(
      false_.length / (coverage.files / 1_000),
      false_.map(({ finding }) => `${finding.kind} ${finding.place.path}:${finding.place.line}`).join('\n'),
    ).toBeLessThanOrEqual(1);
  }, 120_000);
});
