import { createReadStream, createWriteStream, existsSync, readFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Entry } from '../../model/entry.ts';
import { Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { printTable } from '../terminal/table.ts';

export const list: Run = async (invocation) => {
  const { out } = invocation;
  const query = new URLSearchParams({ limit: invocation.text('limit') ?? '50' });
  const kind = invocation.text('kind');
  if (kind !== undefined) query.set('kind', kind);
  const hold = invocation.text('hold');
  if (hold !== undefined) query.set('hold', await wholeId(invocation, hold));
  const { entries } = await invocation.api().get<{ entries: readonly Entry[] }>(`/v1/journal?${query.toString()}`);
  out.show({ entries }, () => {
    printTable(
      out,
      ['index', 'at', 'kind', 'who', 'what'],
      entries.map((entry) => [
        String(entry.index),
        entry.at,
        ['strong', entry.kind],
        entry.principal ?? '',
        JSON.stringify(entry.body),
      ]),
    );
  });
  return exitCode.done;
};

async function wholeId(invocation: Invocation, hold: string): Promise<string> {
  return (await invocation.api().get<{ id: string }>(`/v1/holds/${encodeURIComponent(hold)}`)).id;
}

export const exported: Run = async (invocation) => {
  const { out } = invocation;
  const path = invocation.text('file');
  const chunks = invocation.api().stream('/v1/journal/export');
  if (path === undefined) {
    const decoder = new TextDecoder();
    for await (const chunk of chunks) await out.raw(decoder.decode(chunk, { stream: true }));
    return exitCode.done;
  }
  if (existsSync(path)) throw misused(`\`${path}\` is not written over`, 'name another file');
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  for await (const chunk of chunks) if (!file.write(chunk)) await new Promise((resolve) => file.once('drain', resolve));
  file.end();
  await finished(file);
  out.show({ exported: path }, () =>
    out.line(['good', 'exported'], ` ${path}; check it: holdpoint journal verify --file ${path} --public-key <key>`),
  );
  return exitCode.done;
};

/** Checked by code that shares nothing with what wrote the journal. */
export const verify: Run = async (invocation) => {
  const { out } = invocation;
  const [{ verifyJournal }, { linesOf, retainedCheckpoints }] = await Promise.all([
    import('../../features/verify/verify.ts'),
    import('../../features/verify/lines.ts'),
  ]);
  const path = invocation.text('file');
  const given = invocation.text('publicKey');
  const publicKey =
    given !== undefined
      ? keyIn(given)
      : await keyOfDaemon(invocation).catch((cause: unknown) => {
          throw path === undefined ? cause : keyNotKnown(path, cause);
        });
  const retained = (
    await Promise.all(invocation.list('checkpoint').map((file) => retainedIn(file, retainedCheckpoints)))
  ).flat();
  if (path !== undefined && !existsSync(path)) throw misused(`\`${path}\` cannot be read`, 'name an exported journal');
  const chunks = path === undefined ? invocation.api().stream('/v1/journal/export') : createReadStream(path);
  const report = await verifyJournal({ entries: linesOf(chunks), publicKey, retained });
  out.show({ ...report, publicKey, keyFromDaemon: given === undefined }, () => {
    const verdict = report.ok ? (['good', 'whole'] as const) : (['danger', 'NOT WHOLE'] as const);
    out.line(
      verdict,
      `: ${report.entries} entries, ${report.signed} under ${report.checkpoints} signed checkpoints, root ${report.root}`,
    );
    for (const one of report.findings) {
      const at =
        one.line === undefined ? '' : ` (line ${one.line}${one.index === undefined ? '' : `, entry ${one.index}`})`;
      out.line(['danger', `  ${one.kind}`], `: ${one.message}${at}`);
    }
    if (report.more > 0) out.line(`  and ${report.more} more`);
    if (report.retained === 0)
      out.line([
        'warning',
        '  not compared with a retained checkpoint: a journal cut short would not show; give --checkpoint',
      ]);
    if (given === undefined)
      out.line([
        'warning',
        `  the key came from the daemon that is checked; keep it elsewhere and give --public-key ${publicKey}`,
      ]);
  });
  return report.ok ? exitCode.done : exitCode.failed;
};

export const checkpoint: Run = async (invocation) => {
  const found = await invocation.api().get<{ checkpoint: string | null; key: string }>('/v1/journal/checkpoint');
  invocation.out.show(found, () => {
    for (const line of (found.checkpoint ?? 'there is none yet').trimEnd().split('\n')) invocation.out.line(line);
    invocation.out.note(['faint', `public key: ${found.key}`]);
  });
  return exitCode.done;
};

/** The journal's verifier key, as the daemon says it. */
export async function keyOfDaemon(invocation: Invocation): Promise<string> {
  return (await invocation.api().get<{ key: string }>('/v1/journal/checkpoint')).key;
}

/** A journal in a file is checked without a daemon, where the key is said. */
function keyNotKnown(path: string, cause: unknown): Complaint {
  const why = cause instanceof Complaint ? `: ${cause.message}` : '';
  return new Complaint(
    `there is no key to check \`${path}\` with, and no daemon was asked for it${why}`,
    'give --public-key <key or file>, as you kept it; a running daemon shows its key by `holdpoint journal checkpoint`',
    { exit: cause instanceof Complaint ? cause.exit : exitCode.unavailable, cause },
  );
}

/** A verifier key, or the one in a file. */
export function keyIn(given: string): string {
  return existsSync(given) ? readFileSync(given, 'utf8').trim() : given;
}

/** A file with one signed note as it is, or a witness's lines of `{"checkpoint": …}`. Throws `Complaint` for neither. */
export async function retainedIn(
  path: string,
  read: (lines: Iterable<string>) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Complaint(`the checkpoint \`${path}\` cannot be read`, 'name a file that a witness kept', { cause });
  }
  if (!text.startsWith('{')) return [text];
  const found = await read(text.split('\n'));
  if (found.length === 0)
    throw new Complaint(`there is no checkpoint in \`${path}\``, 'name a signed note, or a file that a witness kept');
  return found;
}
