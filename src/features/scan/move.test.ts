import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Fingerprints, findingId, type Found, type Place, Secret } from './finding.ts';
import { moveBack, moveOut, planMove, stateOf } from './move.ts';
import { digestOfBytes, spliced } from './move-file.ts';
import { shellState } from './move-reference.ts';

const token = '3f6b1c2e-8d4a-4f7b-9c1d-2e5a7b8c9d01';
const variables = ['RAILWAY_TOKEN', 'RAILWAY_API_TOKEN'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdpoint-move-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file with the token in it, as the scan would have found it. */
function found(name: string, text: string, more: { key?: string; kind?: Place['kind'] } = {}): Found {
  const path = join(folder, name);
  writeFileSync(path, text);
  const bytes = Buffer.from(text);
  const start = bytes.indexOf(token);
  const place: Place = {
    kind: more.kind ?? 'file',
    path,
    line: 1,
    column: 1,
    ...(more.key === undefined ? {} : { key: more.key }),
  };
  const secret = new Secret(token);
  const finding = {
    id: findingId('railway', place),
    kind: 'railway' as const,
    place,
    masked: 'uuid',
    fingerprint: new Fingerprints().of(secret),
    certainty: 'inferred' as const,
    why: 'its name says so',
    facts: [],
  };
  return { finding, secret, span: { start, end: start + token.length }, fileDigest: digestOfBytes(bytes) };
}

/** Moves it out; gives what the file holds then, after checking that going back gives the very bytes. */
function movedText(one: Found): string {
  const { path } = one.finding.place;
  const before = readFileSync(path);
  const { move } = planMove(one, variables, 'railway-x');
  moveOut(move, token);
  const text = readFileSync(path, 'utf8');
  expect(text).not.toContain(token);
  expect(stateOf(move)).toBe('after');
  moveBack(move, token);
  expect(readFileSync(path).equals(before)).toBe(true);
  return text;
}

describe('a credential that is moved out of a file', () => {
  it('N3: leaves a reference that a shell fills from what exec sets, whatever the quotes', () => {
    const lines = [
      `TOKEN=${token}\nsay "$TOKEN"`,
      `TOKEN="${token}"\nsay "$TOKEN"`,
      `TOKEN='${token}'\nsay "$TOKEN"`,
      `say "$(echo 'it''s' | wc -l >/dev/null)Bearer ${token}"`,
      `say "Bearer ${token}"`,
      `say 'Bearer ${token}'`,
      `say 'Bearer ${token}!'`,
      `say Bearer\\ ${token}`,
      `# it's a comment\nsay "${token}"`,
      `say "a \\" b ${token}"`,
      `say "$(printf '%s' "x")${token}"`,
    ];
    for (const [index, line] of lines.entries()) {
      const text = `#!/bin/sh\nsay() { printf '%s' "$1"; }\n${line}\n`;
      const run = (script: string): string =>
        execFileSync('/bin/sh', ['-c', script], {
          env: { PATH: '/usr/bin:/bin', RAILWAY_TOKEN: token },
          encoding: 'utf8',
        });
      const reference = movedText(found(`s${index}.sh`, text));
      expect(run(reference), line).toBe(run(text));
    }
  });

  it('N3: is not moved out of what stands behind a here-document', () => {
    const one = found('here.sh', `#!/bin/sh\ncat <<'EOF'\nit's\nEOF\nT=${token}\n`);
    expect(() => planMove(one, variables, 'x')).toThrow(/here-document/);
    expect(shellState("cat <<<'x' ")).toBe('');
  });

  it('N3: leaves the same variable in .env, with line ends and the last line as they were', () => {
    expect(movedText(found('.env', `A=1\r\nRAILWAY_TOKEN=${token}\r\nB=2`, { key: 'RAILWAY_TOKEN' }))).toBe(
      'A=1\r\nRAILWAY_TOKEN=${RAILWAY_TOKEN}\r\nB=2',
    );
    expect(movedText(found('a.env', `RAILWAY_API_TOKEN='${token}'`, { key: 'RAILWAY_API_TOKEN' }))).toBe(
      'RAILWAY_API_TOKEN="${RAILWAY_API_TOKEN}"',
    );
    expect(movedText(found('b.env', `\u{feff}ÄÖ=\u{1f600}\nDOMAINS="${token}"\n`, { key: 'DOMAINS' }))).toBe(
      '\u{feff}ÄÖ=\u{1f600}\nDOMAINS="${RAILWAY_TOKEN}"\n',
    );
  });

  it('N3: is refused where nothing that reads the file would expand a reference', () => {
    for (const [name, text, more] of [
      ['config.toml', `token = "${token}"`, {}],
      ['app.js', `const token = '${token}';`, {}],
      ['package.json', `{"token":"${token}"}`, {}],
      ['ci.yml', `token: ${token}`, {}],
      ['.bash_history', `railway login ${token}`, { kind: 'history' }],
    ] as const) {
      expect(() => planMove(found(name, text, more), variables, 'x'), name).toThrow(/^BAD_REQUEST/);
      expect(readFileSync(join(folder, name), 'utf8')).toContain(token);
    }
    const { span: _, ...escaped } = found('x.env', `A=${token}`);
    expect(() => planMove(escaped, variables, 'x')).toThrow(/byte for byte/);
    const unknown = found('y.env', `A=${token}`);
    expect(() => planMove(unknown, [], 'x')).toThrow(/fills no variable .*\(railway\)/);
    const database = { ...unknown, finding: { ...unknown.finding, kind: 'postgres' as const } };
    expect(() => planMove(database, [], 'x')).toThrow(/keeps `user:password` of a database and not its address/);
  });

  it('N3: keeps the mode, makes nothing beside it, and is done once', () => {
    for (const mode of [0o600, 0o644, 0o755, 0o400]) {
      const one = found(`mode-${mode.toString(8)}.env`, `A=${token}\n`, { key: 'A' });
      const { path } = one.finding.place;
      chmodSync(path, mode);
      const before = statSync(path);
      const { move } = planMove(one, variables, 'x');
      moveOut(move, token);
      moveOut(move, token);
      const after = statSync(path);
      expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
      moveBack(move, token);
      moveBack(move, token);
      expect(statSync(path).mode).toBe(before.mode);
    }
    expect(readdirSync(folder).filter((name) => name.includes('holdpoint'))).toEqual([]);
  });

  it.skipIf(process.getuid?.() !== 0)('N3: keeps another account’s file theirs', () => {
    const one = found('theirs.env', `A=${token}\n`);
    const { path } = one.finding.place;
    chownSync(path, 12_345, 23_456);
    chmodSync(path, 0o640);
    const { move } = planMove(one, variables, 'x');
    moveOut(move, token);
    const { uid, gid, mode } = statSync(path);
    expect([uid, gid, mode & 0o7777]).toEqual([12_345, 23_456, 0o640]);
    moveBack(move, token);
    expect(statSync(path).uid).toBe(12_345);
  });

  it('N3: what a killed move left beside the file is taken away by the next, and nothing else is', () => {
    const one = found('left.env', `A=${token}\n`);
    const ours = join(folder, '.left.env.0123456789ab.holdpoint');
    const others = [
      '.left.env.0123.holdpoint',
      '.right.env.0123456789ab.holdpoint',
      '.left.env.0123456789ab.holdpoint2',
    ];
    for (const path of [ours, ...others.map((name) => join(folder, name))]) writeFileSync(path, token);
    moveOut(planMove(one, variables, 'x').move, token);
    expect(existsSync(ours)).toBe(false);
    for (const name of others) {
      expect(existsSync(join(folder, name))).toBe(true);
      rmSync(join(folder, name));
    }
  });

  it('N3: is not moved where the file changed, is a link, has two names, or is gone', () => {
    const changed = found('changed.env', `A=${token}\n`);
    writeFileSync(changed.finding.place.path, `A=${token}\n\n`);
    expect(() => planMove(changed, variables, 'x')).toThrow(/changed since/);

    const one = found('plain.env', `A=${token}\n`);
    const { move } = planMove(one, variables, 'x');
    writeFileSync(move.path, `B=1\nA=${token}\n`);
    expect(() => moveOut(move, token)).toThrow(/changed since/);
    expect(readFileSync(move.path, 'utf8')).toBe(`B=1\nA=${token}\n`);

    const back = found('back.env', `A=${token}\n`);
    const plan = planMove(back, variables, 'x').move;
    moveOut(plan, token);
    writeFileSync(plan.path, 'A=${RAILWAY_TOKEN}\nC=3\n');
    expect(stateOf(plan)).toBe('changed');
    expect(() => moveBack(plan, token)).toThrow(/changed since/);
    expect(readFileSync(plan.path, 'utf8')).toBe('A=${RAILWAY_TOKEN}\nC=3\n');
    expect(() => moveBack({ ...plan, start: 1e9 }, token)).toThrow(/changed since/);

    const target = found('target.env', `A=${token}\n`);
    const link = { ...target.finding.place, path: join(folder, 'link.env') };
    symlinkSync(target.finding.place.path, link.path);
    expect(() => planMove({ ...target, finding: { ...target.finding, place: link } }, variables, 'x')).toThrow(
      /symbolic link/,
    );
    linkSync(target.finding.place.path, join(folder, 'twin.env'));
    expect(() => planMove(target, variables, 'x')).toThrow(/2 names/);

    const gone = found('gone.env', `A=${token}\n`);
    rmSync(gone.finding.place.path);
    expect(() => planMove(gone, variables, 'x')).toThrow(/not there any more/);
    expect(existsSync(gone.finding.place.path)).toBe(false);
  });

  it('N3: another secret than the one that stands there writes nothing, in either direction', () => {
    const { move } = planMove(found('other.env', `A=${token}\n`), variables, 'x');
    const other = '00000000-0000-4000-8000-000000000000';
    expect(() => moveOut(move, other)).toThrow(/changed since/);
    moveOut(move, token);
    expect(() => moveBack(move, other)).toThrow(/changed since/);
    expect(readFileSync(move.path, 'utf8')).toBe('A=${RAILWAY_TOKEN}\n');
  });

  it('N3: a splice and its inverse are the same bytes, of any file', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), fc.string(), fc.string(), (head, tail, from, to) => {
        const wanted = Buffer.from(from).toString('utf8');
        const whole = Buffer.concat([head, Buffer.from(wanted), tail]);
        const there = spliced(whole, head.length, wanted, to);
        expect(there).toBeDefined();
        expect(spliced(there ?? Buffer.alloc(0), head.length, to, wanted)?.equals(whole)).toBe(true);
      }),
    );
  });
});
