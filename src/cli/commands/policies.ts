import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PolicyInForce } from '../../contract/api.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { printReplay, replayed } from '../replay.ts';
import { signedAct } from '../signing/act.ts';
import { diffLines, hunks } from '../terminal/diff.ts';
import type { Output } from '../terminal/output.ts';

type Policies = { readonly [name: string]: string };

export const show: Run = async (invocation) => {
  const { out } = invocation;
  const found = await invocation.api().get<PolicyInForce>('/v1/policy');
  out.show(found, () => {
    const names = Object.keys(found.applied.policies);
    out.line(['strong', `policy ${found.version}`]);
    out.line(names.length === 0 ? '  the default policy that ships with holdpoint' : `  ${names.join(', ')}`);
    for (const [name, text] of Object.entries(found.applied.policies)) printText(out, name, text);
    if (found.applied.text === '') out.line('  no holdpoint.yaml was applied yet');
    else printText(out, 'holdpoint.yaml', found.applied.text);
  });
  return exitCode.done;
};

function printText(out: Output, name: string, text: string): void {
  out.line(['faint', name]);
  for (const line of text.replace(/\n$/, '').split('\n')) out.line(`  ${line}`);
}

export const check: Run = async (invocation) => {
  const { out } = invocation;
  const directory = invocation.needed(0);
  const read = await readPolicies(directory);
  out.show({ ok: true, version: read.version, files: Object.keys(read.files) }, () =>
    out.line(['good', 'valid'], `: ${Object.keys(read.files).join(', ')}; version ${read.version ?? ''}`),
  );
  return exitCode.done;
};

/** A proposal becomes what is in force: checked, shown as a difference, signed. */
export const apply: Run = async (invocation) => {
  const { out } = invocation;
  const path = invocation.text('file') ?? 'holdpoint.yaml';
  const text = await readConfig(path);
  const api = invocation.api();
  const { applied } = await api.get<PolicyInForce>('/v1/policy');
  const policies = await proposedPolicies(invocation, applied.policies);
  const changed = printChanges(out, applied, { text, policies });
  if (!changed) {
    out.show({ applied: false, changed: false }, () => out.line('nothing changes: this is in force already'));
    return exitCode.done;
  }
  const replay = await replayed(invocation, api, { text, policies }, { forMs: 10_000, sinceMs: 7 * 86_400_000 });
  printReplay(replay, (...pieces) => out.note(...pieces));
  const answer = await signedAct<{ applied: boolean; policy: string; notices?: readonly string[] }>(invocation, api, {
    kind: 'apply',
    body: { text, policies },
    lines: [`${path} and ${Object.keys(policies).join(', ') || 'the default policy'} come into force, as shown above`],
  });
  out.show({ ...answer, replay }, () => {
    out.line(['good', 'applied'], `: in force now; policy ${answer.policy}`);
    for (const notice of answer.notices ?? []) out.line(['warning', `  to do: ${notice}`]);
  });
  return exitCode.done;
};

/** The text of `holdpoint.yaml`. Throws `Complaint` with each mistake's line, quoted. */
export async function readConfig(path: string): Promise<string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new Complaint(
      `\`${path}\` ${missing ? 'is not there' : 'cannot be read'}`,
      missing
        ? 'name another with --file, or write it: `holdpoint connect` prints the lines for a database, `holdpoint env discover` those for Railway'
        : 'name another with --file',
      { exit: exitCode.usage, cause },
    );
  }
  const { configProblems } = await import('../../daemon/offline.ts');
  const problems = configProblems(text);
  if (problems.length === 0) return text;
  throw new Complaint(`\`${path}\` is not valid; nothing was changed`, 'its schema: schema/holdpoint.schema.json', {
    exit: exitCode.usage,
    lines: problems.flatMap((one) => {
      const where = one.path === '' ? '' : `${one.path}: `;
      return [`${path}:${one.line}:${one.column} ${where}${one.message}`, ...quoted(text, one.line, one.column)];
    }),
    facts: { file: path, problems },
  });
}

/** The line with a mark under the column, both from 1. */
export function quoted(text: string, line: number, column: number): readonly string[] {
  const found = text.split('\n')[line - 1]?.replace(/\r$/, '');
  if (found === undefined) return [];
  const number = String(line);
  const before = Array.from(found)
    .slice(0, column - 1)
    .map((character) => (character === '\t' ? '\t' : ' '));
  const plain = (value: string): string => value.replaceAll('\t', '  ');
  return [`  ${number} | ${plain(found)}`, `  ${' '.repeat(number.length)} | ${plain(before.join(''))}^`];
}

/** None, which means the default ones, with `--default-policy`; else those of `--policies`, else those in force. */
export async function proposedPolicies(invocation: Invocation, inForce: Policies): Promise<Policies> {
  if (invocation.flag('defaultPolicy')) return {};
  const directory = invocation.text('policies');
  return directory === undefined ? inForce : (await readPolicies(directory)).files;
}

async function readPolicies(directory: string): Promise<{ files: Policies; version: string | undefined }> {
  if (!existsSync(directory)) throw misused(`there is no directory \`${directory}\``, 'name one with `*.cedar` files');
  const { readPolicies: read } = await import('../../daemon/offline.ts');
  const { files, version, findings } = read(directory);
  if (findings.length === 0) return { files, version };
  throw new Complaint(
    `the policies in \`${directory}\` are not valid; nothing was changed`,
    'the default ones are a good beginning: policy/README.md',
    {
      exit: exitCode.usage,
      lines: findings.flatMap((one) => {
        const path = join(directory, one.file);
        const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
        return [
          `${path}:${one.line}:${one.column} ${one.message}`,
          ...quoted(text, one.line, one.column),
          `  ${one.hint}`,
        ];
      }),
      facts: { findings },
    },
  );
}

/** Prints what is different, file by file. Whether anything is. */
function printChanges(
  out: Output,
  before: { readonly text: string; readonly policies: Policies },
  after: { readonly text: string; readonly policies: Policies },
): boolean {
  let changed = printDiff(out, 'holdpoint.yaml', before.text, after.text);
  for (const name of [...new Set([...Object.keys(before.policies), ...Object.keys(after.policies)])].sort()) {
    changed = printDiff(out, name, before.policies[name] ?? '', after.policies[name] ?? '') || changed;
  }
  return changed;
}

const marks = { same: '  ', gone: '- ', new: '+ ' } as const;
const tones = { same: 'plain', gone: 'danger', new: 'good' } as const;

function printDiff(out: Output, name: string, before: string, after: string): boolean {
  if (before === after) return false;
  out.note(['strong', `changes in ${name}`]);
  for (const line of hunks(diffLines(before, after))) {
    if (line === undefined) out.note(['faint', '  …']);
    else out.note([tones[line.kind], `  ${marks[line.kind]}${line.text}`]);
  }
  return true;
}
