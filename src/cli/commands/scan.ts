import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { holdpointVersion } from '../../contract/version.ts';
import type { Coverage, Part, Precondition, Progress, ScanOptions, ScanReport } from '../../features/scan/index.ts';
import { askedAt } from './asked-at.ts';
import type * as scanning from '../../features/scan/index.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import type { Output, Piece } from '../terminal/output.ts';
import { wrap } from '../terminal/wrap.ts';

const partNames: readonly Part[] = ['workspace', 'home', 'agents', 'history', 'environment'];

/** Exit 0: nothing was found. 1: credentials were found. 6: nothing could be read. */
export const scan: Run = async (invocation) => {
  if (invocation.flag('moved')) return (await import('./scan-move.ts')).moved(invocation);
  if (invocation.text('moveBack') !== undefined) return (await import('./scan-move.ts')).moveBack(invocation);
  const options = optionsOf(invocation);
  if (invocation.flag('sarif') && invocation.out.json)
    throw misused('--json and --sarif both write to standard output', 'give one of them, or `--sarif <file>`');
  if (invocation.text('move') !== undefined) return (await import('./scan-move.ts')).move(invocation, options);
  const room = await import('../../features/scan/index.ts');
  const ticker = new Ticker(invocation.out);
  let report: ScanReport;
  try {
    report = await room.scan({ ...options, progress: (progress) => ticker.show(progress) });
  } catch {
    // What went wrong may quote a file: its words stay inside.
    throw new Complaint('the scan broke off', 'it is a defect: report it with what you typed, not with your files');
  } finally {
    ticker.end();
  }
  if (invocation.flag('ask')) report = await asked(invocation, room, report);
  const findings = report.found.map(({ finding }) => finding);
  const sarif = invocation.flag('sarif') ? '-' : invocation.text('sarif');
  if (sarif !== undefined) {
    const log = room.sarifOf({
      findings,
      preconditions: report.preconditions,
      root: options.path,
      version: holdpointVersion(),
    });
    const text = `${JSON.stringify(log, null, 2)}\n`;
    if (sarif === '-') await invocation.out.raw(text);
    else writeSarif(sarif, text);
  }
  const shown = { findings, preconditions: report.preconditions, routes: report.routes, coverage: report.coverage };
  if (sarif !== '-') invocation.out.show(shown, () => print(invocation.out, room, report, options.path));
  if (report.coverage.files === 0 && report.coverage.unread.length > 0) return exitCode.unavailable;
  return findings.length === 0 ? exitCode.done : exitCode.failed;
};

/** The same report after the providers were asked, each at its own host and by calls that only read. */
async function asked(invocation: Invocation, room: typeof scanning, report: ScanReport): Promise<ScanReport> {
  const { askAboutFound } = await import('../../daemon/ask-offline.ts');
  const at = askedAt(invocation);
  const found = await askAboutFound(report.found, {
    at,
    progress: (which, of) => invocation.out.note(['faint', `  asking about credential ${which} of ${of}`]),
  });
  const findings = found.map(({ finding }) => finding);
  return { ...report, found, preconditions: room.preconditionsOf({ findings, routes: report.routes, asked: true }) };
}

function writeSarif(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch {
    throw new Complaint(`\`${path}\` cannot be written`, 'name a file in a folder that you may write to');
  }
}

function optionsOf(invocation: Invocation): ScanOptions {
  const path = resolve(invocation.text('path') ?? '.');
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw misused(`\`${path}\` is no folder`, 'name the folder to scan with --path');
  const only = invocation.list('only');
  for (const one of only) {
    if (!partNames.some((part) => part === one))
      throw misused(`there is no part \`${one}\``, `parts are ${partNames.join(', ')}`);
  }
  const key = invocation.text('fingerprintKey');
  const noHome = invocation.isRefused('home');
  return {
    path,
    ...(noHome ? {} : { home: resolve(invocation.text('home') ?? invocation.env['HOME'] ?? homedir()) }),
    environment: invocation.env,
    ...(only.length === 0 ? {} : { only: only as readonly Part[] }),
    deep: invocation.flag('deep'),
    ...(key === undefined ? {} : { fingerprintKey: keyFrom(key) }),
  };
}

function keyFrom(path: string): Uint8Array {
  let key: Uint8Array;
  try {
    key = readFileSync(path);
  } catch {
    throw misused(`\`${path}\` cannot be read`, 'name a file with at least 16 random bytes');
  }
  if (key.length < 16) throw misused(`\`${path}\` is too short for a key`, 'name a file with at least 16 random bytes');
  return key;
}

/** Says on stderr how far a long scan is; nothing for the first second. */
class Ticker {
  readonly #out: Output;
  readonly #start = performance.now();
  #last = 0;

  constructor(out: Output) {
    this.#out = out;
  }

  show({ files, bytes, found }: Progress): void {
    const now = performance.now();
    if (now - this.#start < 1_000 || now - this.#last < 1_000) return;
    this.#last = now;
    this.#out.note(['faint', `  ${files} files, ${(bytes / 1e6).toFixed(0)} MB read, ${found} found`]);
  }

  end(): void {
    this.#last = Number.POSITIVE_INFINITY;
  }
}

function print(out: Output, room: typeof scanning, report: ScanReport, root: string | undefined): void {
  const findings = report.found.map(({ finding }) => finding);
  const credentials = room.byCredential(findings);
  for (const credential of credentials) {
    const [first] = credential.findings;
    const tone = first.kind === 'generic' ? 'warning' : 'danger';
    const [head = '', ...rest] = wrap(room.sentenceOf(credential, root), out.columns - 4);
    out.line([tone, '■ '], ['strong', head]);
    for (const line of rest) out.line(`    ${line}`);
    out.line(['faint', `    ${first.masked}; ${first.why} (${first.certainty})`]);
    for (const one of credential.findings)
      out.line(['faint', `    ${one.id}  ${room.placeText(one, root)}${keyOf(one.place.key)}`]);
  }
  if (credentials.length > 0) out.line();
  for (const one of report.preconditions) printPrecondition(out, one);
  out.line();
  for (const line of coverageLines(report.coverage)) out.note(['faint', line]);
  if (isOwnCheckout(root))
    out.note(
      ['warning', 'this folder is Holdpoint’s own source'],
      ': its tests hold made-up credentials; for your project: holdpoint scan --path <folder>',
    );
  const [next] = credentials;
  if (next === undefined) out.line(['good', 'no credential was found'], ' where this account can read');
  else
    out.line(
      ['strong', 'next: '],
      `holdpoint scan --move ${next.findings[0].id}, then rotate it; what --move refuses, it says why, and is taken out by hand`,
    );
}

/** Nothing of it is left out for that: a real credential may lie there as anywhere. */
function isOwnCheckout(root: string | undefined): boolean {
  if (root === undefined) return false;
  try {
    const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly name?: unknown };
    return name === 'holdpoint' && existsSync(join(root, 'src', 'cli', 'main.ts'));
  } catch {
    return false;
  }
}

function keyOf(key: string | undefined): string {
  return key === undefined ? '' : `  ${key}`;
}

function printPrecondition(out: Output, { state, title, says, certainty, next }: Precondition): void {
  const mark: Piece =
    state === 'pass' ? ['good', 'pass   '] : state === 'fail' ? ['danger', 'FAIL   '] : ['warning', 'unknown'];
  const sure = certainty === 'proven' ? '' : ` (${certainty})`;
  out.line(mark, ' ', ['strong', title], `: ${says}${sure}`);
  if (next !== undefined) out.line(['faint', `        ${next}`]);
}

function coverageLines({ files, bytes, parts, unread, packages, cut }: Coverage): readonly string[] {
  const lines = [`read ${files} files, ${(bytes / 1e6).toFixed(1)} MB: ${parts.join(', ')}`];
  if (packages > 0)
    lines.push(`of ${packages} folders of installed packages only settings were read; --deep reads all`);
  const reasons = Map.groupBy(unread, ({ why }) => why);
  for (const [why, places] of reasons)
    lines.push(
      `not read, ${why}: ${places.length}, \`${places[0]?.path ?? ''}\`${places.length > 1 ? ' and others' : ''}`,
    );
  if (cut) lines.push('there were more files than are looked at: scan folders of it one by one');
  return lines;
}
