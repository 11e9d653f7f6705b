/** Tests of one run of vitest, as its JSON reporter tells them. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Skipped and to-do. */
  readonly skipped: number;
  /** Full names of the skipped, each behind its file. */
  readonly skippedNames: readonly string[];
  /** Full names of the failed; a file that could not be loaded stands under its own name. */
  readonly failedNames: readonly string[];
}

export const nothingCounted: Counts = { passed: 0, failed: 0, skipped: 0, skippedNames: [], failedNames: [] };

interface Told {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/**
 * Counts what vitest's JSON report tells. A file that failed without a failed test counts as one failure, and so does a
 * run that exited badly without saying why: what could not run has not passed. `text` is undefined where no report was
 * written.
 */
export function countTests(text: string | undefined, exitCode: number, root: string): Counts {
  const told = text === undefined ? undefined : readReport(text);
  if (told === undefined) return { ...nothingCounted, failed: 1, failedNames: ['vitest wrote no report'] };
  const names = { passed: 0, failed: [] as string[], skipped: [] as string[] };
  for (const file of told.testResults) {
    const path = file.name.startsWith(`${root}/`) ? file.name.slice(root.length + 1) : file.name;
    const before = names.failed.length;
    for (const one of file.assertionResults) {
      if (one.status === 'passed') names.passed++;
      else if (one.status === 'failed') names.failed.push(`${path} > ${one.fullName}`);
      else names.skipped.push(`${path} > ${one.fullName}`);
    }
    if (file.status === 'failed' && names.failed.length === before) names.failed.push(`${path} (the file itself)`);
  }
  if (names.passed + names.failed.length + names.skipped.length === 0) names.failed.push('vitest found no tests');
  if (exitCode !== 0 && names.failed.length === 0)
    names.failed.push(`vitest exited with ${exitCode}: an error outside every test`);
  return {
    passed: names.passed,
    failed: names.failed.length,
    skipped: names.skipped.length,
    skippedNames: names.skipped,
    failedNames: names.failed,
  };
}

function readReport(text: string): Told | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'testResults' in value ? (value as Told) : undefined;
  } catch {
    return undefined;
  }
}

/** One check that was run. */
export interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  /** Undefined for a check that counts no tests. */
  readonly counts?: Counts;
}

/**
 * Sum over all checks. A check without tests of its own that failed counts as one failure, so that the closing line never
 * reads well when something is wrong. With `full`, what was skipped counts as failed.
 */
export function total(outcomes: readonly Outcome[], full: boolean): Pick<Counts, 'passed' | 'failed' | 'skipped'> {
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const { ok, counts } of outcomes) {
    passed += counts?.passed ?? 0;
    failed += counts === undefined ? Number(!ok) : counts.failed;
    skipped += counts?.skipped ?? 0;
  }
  return full ? { passed, failed: failed + skipped, skipped: 0 } : { passed, failed, skipped };
}

/** The evidence, one line a check, columns aligned. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ name, ok, seconds, counts }) => [
    name,
    ok ? 'ok' : 'FAILED',
    `${seconds.toFixed(1)} s`,
    counts === undefined ? '' : `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`,
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0), 0));
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}
