import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One place where psql printed something else through the gate. */
export interface Difference {
  /** Line of the direct output before which it stands, from 1. */
  readonly at: number;
  readonly direct: readonly string[];
  readonly gate: readonly string[];
  /** Lines before it, which are the same: the statement is the last of them as a rule. */
  readonly before: readonly string[];
}

/** Where two texts differ, without what the second direct run has otherwise as well: that is of the server's own making. */
export function differences(direct: string, gate: string, again: string): readonly Difference[] {
  if (direct === gate) return [];
  const lines = direct.split('\n');
  const noise = hunks(direct, again);
  return hunks(direct, gate)
    .filter((one) => !noise.some((other) => touch(one, other)))
    .map(({ at, direct: near, gate: far }) => ({
      at,
      direct: near,
      gate: far,
      before: lines.slice(Math.max(0, at - 7), at - 1),
    }));
}

type Hunk = Omit<Difference, 'before'>;

function touch(one: Hunk, other: Hunk): boolean {
  return one.at <= other.at + other.direct.length && other.at <= one.at + one.direct.length;
}

function hunks(left: string, right: string): readonly Hunk[] {
  if (left === right) return [];
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-diff-'));
  try {
    const [from, to] = [join(folder, 'left'), join(folder, 'right')];
    writeFileSync(from, left);
    writeFileSync(to, right);
    return hunksIn(diffOf(from, to));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Exits 1 where there is a difference, which is no error. */
function diffOf(from: string, to: string): string {
  const options = { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 } as const;
  try {
    return execFileSync('diff', ['-a', '-U0', from, to], options);
  } catch (thrown) {
    const { status, stdout } = thrown as { readonly status?: number; readonly stdout?: string };
    if (status === 1 && stdout !== undefined) return stdout;
    throw thrown;
  }
}

function hunksIn(diff: string): readonly Hunk[] {
  const found: { at: number; direct: string[]; gate: string[] }[] = [];
  for (const line of diff.split('\n')) {
    const [, start, count] = /^@@ -(\d+)(?:,(\d+))? /.exec(line) ?? [];
    const open = found.at(-1);
    // Where nothing is taken away, the number is that of the line before.
    if (start !== undefined) found.push({ at: Number(start) + (count === '0' ? 1 : 0), direct: [], gate: [] });
    else if (open === undefined) continue;
    else if (line.startsWith('-')) open.direct.push(line.slice(1));
    else if (line.startsWith('+')) open.gate.push(line.slice(1));
  }
  return found;
}
