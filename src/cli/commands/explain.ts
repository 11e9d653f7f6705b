import type { ExplainedLine } from '../../contract/api.ts';
import { type Complaint, misused } from '../complaint.ts';
import { exitCode } from '../exit-code.ts';
import type { Invocation, Run } from '../invocation.ts';
import { byteLines } from '../terminal/byte-lines.ts';
import type { Output, Tone } from '../terminal/output.ts';

/** Explains one line of `{"id","text","variables"?}`. */
type Explainer = (line: Uint8Array) => ExplainedLine | Promise<ExplainedLine>;

/** A line longer than this (bytes) is answered as one that was not understood. */
const longestLine = 1024 * 1024;

/**
 * What a text would do and why: by the catalogue and the policy that ships, or with `--live` by the daemon's, with the
 * policy in force. Neither asks the provider anything.
 */
export const explain: Run = async (invocation) => {
  const named = invocation.text('provider');
  const about = named ?? invocation.word(0);
  if (about === undefined)
    throw misused('it is not said what this is about', 'name a provider or a language: holdpoint explain railway …');
  if (invocation.flag('unresolved') || invocation.flag('operations')) return listOperations(invocation, about);
  const explainer = await explainerFor(invocation, about);
  if (invocation.flag('jsonl')) return explainLines(invocation, explainer);
  const text = invocation.word(named === undefined ? 1 : 0) ?? (await textFromStdin());
  if (text.trim() === '') throw noText();
  const line = JSON.stringify({ id: '', text, ...variablesOf(invocation) });
  const { id: _, ...found } = await explainer(Buffer.from(line));
  const { out } = invocation;
  out.show(found, () => printExplained(out, found));
  return exitCode.done;
};

async function explainerFor(invocation: Invocation, about: string): Promise<Explainer> {
  const { openOffline } = await import('../../daemon/offline.ts');
  const offline = openOffline();
  // Behind --jsonl every line gets its line, whatever was asked.
  if (!invocation.flag('jsonl') && !offline.known.includes(about))
    throw misused(`\`${about}\` is neither a provider nor a language here`, `known: ${offline.known.join(', ')}`);
  if (!invocation.flag('live')) return (line) => offline.explainLine(about, line);
  const api = invocation.api();
  return async (line) => {
    // Read here first, so that a line is refused alike whether a daemon is asked or not.
    const read = offline.readLine(line);
    if ('refused' in read) return read.refused;
    const { id, ...asked } = read.asked;
    return { ...(await api.post<ExplainedLine>('/v1/explain', { ...asked, about })), id };
  };
}

/** Exactly one line for each line read, malformed ones too. */
async function explainLines(invocation: Invocation, explainer: Explainer): Promise<0> {
  for await (const line of byteLines(process.stdin, longestLine)) {
    invocation.out.jsonLine(await explainer(line ?? Buffer.from('')));
  }
  return exitCode.done;
}

function variablesOf(invocation: Invocation): { variables?: unknown } {
  const text = invocation.text('variables');
  if (text === undefined) return {};
  try {
    return { variables: JSON.parse(text) };
  } catch {
    throw misused(`\`${text}\` is not JSON`, `give --variables like '{"volumeId": "…"}'`);
  }
}

async function textFromStdin(): Promise<string> {
  if (process.stdin.isTTY) throw noText();
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function noText(): Complaint {
  return misused('there is no text to explain', 'give it as the last word, or pipe it in');
}

async function listOperations(invocation: Invocation, about: string): Promise<0> {
  const { out } = invocation;
  const { openOffline } = await import('../../daemon/offline.ts');
  const offline = openOffline();
  const catalogue = offline.catalogue(about);
  if (catalogue === undefined) throw misused(`there is no provider \`${about}\``, `known: ${offline.known.join(', ')}`);
  const wanted = invocation.flag('unresolved')
    ? catalogue.filter((one) => one.resolver === 'none' && one.reversibility !== 'read')
    : catalogue;
  out.show(wanted, () => {
    for (const one of wanted) {
      const traits = one.traits.length === 0 ? '' : ` [${one.traits.join(', ')}]`;
      const resolver = one.resolver === 'none' && one.reversibility !== 'read' ? '  no resolver: denied' : '';
      out.line(['strong', one.operation], '  ', [toneOf(one.reversibility), one.reversibility], `${traits}${resolver}`);
    }
    out.note([
      'faint',
      invocation.flag('unresolved')
        ? `${wanted.length} of ${catalogue.length} operations cannot be resolved yet and are denied`
        : `${catalogue.length} operations`,
    ]);
  });
  return exitCode.done;
}

function printExplained(out: Output, found: Omit<ExplainedLine, 'id'>): void {
  out.line(['strong', found.decision.toUpperCase()], '  ', [toneOf(found.reversibility), found.reversibility]);
  for (const one of found.actions) {
    const traits = one.traits.length === 0 ? '' : ` [${one.traits.join(', ')}]`;
    out.line(`  ${one.operation}: `, [toneOf(one.reversibility), one.reversibility], traits);
  }
  for (const reason of found.reasons) out.line(`  because ${reason}`);
}

function toneOf(reversibility: string): Tone {
  if (reversibility === 'read' || reversibility === 'reversible') return 'good';
  return reversibility === 'recoverable' || reversibility === 'provisional' ? 'warning' : 'danger';
}
