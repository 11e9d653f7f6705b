/**
 * `npm test`: every check in order, then the evidence. `--fast` leaves out the slow ones, `--only <name>` runs that one
 * (may be repeated). With HOLDPOINT_FULL=1 a skipped test counts as failed. Exits 0 when everything passed, 1 when
 * something failed, 2 on wrong usage. The last line is `N passed, N failed, N skipped`.
 */
import { type Check, checks, machineTools } from './test/checks.ts';
import { type Counts, countTests, type Outcome, table, total } from './test/report.ts';
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');

interface Ran {
  readonly exitCode: number;
  readonly output: string;
  readonly seconds: number;
}

async function main(args: readonly string[]): Promise<number> {
  const chosen = choose(args);
  if (chosen === undefined) return 2;
  const full = process.env['HOLDPOINT_FULL'] === '1';
  const missing = machineTools.filter((tool) => !onPath(tool.name));
  console.log(`holdpoint: ${chosen.length} checks on Node ${process.version}${full ? ', nothing may be skipped' : ''}`);
  const folder = mkdtempSync(join(tmpdir(), 'holdpoint-test-'));
  const outcomes: Outcome[] = [];
  try {
    for (const check of chosen) outcomes.push(await carryOut(check, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return conclude(outcomes, missing, full);
}

function choose(args: readonly string[]): readonly Check[] | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { fast: { type: 'boolean', default: false }, only: { type: 'string', multiple: true, default: [] } },
    });
    const unknown = values.only.find((name) => !checks.some((check) => check.name === name));
    if (unknown === undefined) {
      return checks.filter((check) =>
        values.only.length > 0 ? values.only.includes(check.name) : !(values.fast && check.slow),
      );
    }
    console.error(`no check is called \`${unknown}\``);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
  }
  console.error(`usage: npm test -- [--fast] [--only ${checks.map((check) => check.name).join('|')}]`);
  return undefined;
}

async function carryOut(check: Check, folder: string): Promise<Outcome> {
  const reportPath = join(folder, `${check.name}.json`);
  const [program, ...named] = check.command;
  const rest = [...named, ...leftOut(check).flatMap((path) => ['--exclude', path])];
  const reporting = check.counts
    ? ['--no-color', '--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`]
    : [];
  const ran = await run(check, program, [...rest, ...reporting]);
  const text = check.counts && existsSync(reportPath) ? readFileSync(reportPath, 'utf8') : undefined;
  const counts = check.counts ? countTests(text, ran.exitCode, root) : undefined;
  const ok = ran.exitCode === 0 && (counts?.failed ?? 0) === 0;
  if (!ok) console.log(ran.output.trimEnd());
  console.log(
    `${check.name}: ${ok ? 'ok' : 'FAILED'}${counts === undefined ? '' : `, ${sentence(counts)}`} (${ran.seconds.toFixed(1)} s)`,
  );
  return { name: check.name, ok, seconds: ran.seconds, ...(counts === undefined ? {} : { counts }) };
}

/** Said at the end, so that nobody takes what did not run for what passed. */
function leftOut({ fullOnly = [] }: Check): readonly string[] {
  return process.env['HOLDPOINT_FULL'] === '1' ? [] : fullOnly;
}

function run(check: Check, program: string, args: readonly string[]): Promise<Ran> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const env = {
    ...process.env,
    PATH: [dirname(process.execPath), bin, process.env['PATH'] ?? ''].join(delimiter),
    NO_COLOR: '1',
  };
  const child = spawn(program === 'node' ? process.execPath : join(bin, program), args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const beat = setInterval(() => console.log(`  … ${check.name}, ${seconds().toFixed(0)} s`), 20_000);
  const limit = setTimeout(() => {
    output.push(Buffer.from(`\nended after ${check.limit} s\n`));
    child.kill('SIGKILL');
  }, check.limit * 1000);
  return new Promise((resolve) => {
    const end = (exitCode: number, more = ''): void => {
      clearInterval(beat);
      clearTimeout(limit);
      resolve({ exitCode, output: Buffer.concat(output).toString() + more, seconds: seconds() });
    };
    child.on('error', (error) => end(1, error.message));
    child.on('close', (code) => end(code ?? 1));
  });
}

function conclude(outcomes: readonly Outcome[], missing: typeof machineTools, full: boolean): number {
  const sum = total(outcomes, full);
  const skipped = outcomes.flatMap(({ counts }) => counts?.skippedNames ?? []);
  const failed = outcomes.flatMap(({ counts }) => counts?.failedNames ?? []);
  console.log(`\nevidence (${outcomes.reduce((all, one) => all + one.seconds, 0).toFixed(1)} s)\n${table(outcomes)}`);
  list('failed', failed);
  list(full ? 'skipped, which counts as failed here (HOLDPOINT_FULL=1)' : 'left out', skipped);
  list('left out, HOLDPOINT_FULL=1 runs them', checks.flatMap(leftOut));
  list(
    'not on this machine',
    missing.map((tool) => `${tool.name}: ${tool.usedFor}`),
  );
  console.log(`\n${sentence(sum)}`);
  return sum.failed === 0 && outcomes.every((one) => one.ok) ? 0 : 1;
}

function list(title: string, lines: readonly string[]): void {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`);
}

function sentence({ passed, failed, skipped }: Pick<Counts, 'passed' | 'failed' | 'skipped'>): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function onPath(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

process.exitCode = await main(process.argv.slice(2));
