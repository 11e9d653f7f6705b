import type { Entry } from '../../model/entry.ts';

/** What a report is about. Times are ISO 8601 in UTC. */
export type Subject =
  | { readonly kind: 'hold'; readonly hold: string }
  | { readonly kind: 'agent'; readonly agent: string; readonly from?: string; readonly to?: string }
  | { readonly kind: 'time'; readonly from: string; readonly to: string };

/** The entries of the journal that a report is made of, in their order. */
export interface Evidence {
  readonly subject: Subject;
  /** What happened: only what belongs to the subject. */
  readonly events: readonly Entry[];
  /** Who could do what: tokens, signers and signed acts, of all times, with the gaps. */
  readonly standing: readonly Entry[];
  /** Events past those that are kept. */
  readonly leftOut: number;
  readonly size: number;
}

/** What one hold is known by, once it was seen. */
interface Traced {
  readonly hold: string;
  readonly principal: string;
  readonly at: number;
  readonly digest: string;
}

/** Before and after a hold, what the same agent did within this (ms) belongs to its story. */
const aroundMs = 3_600_000;
const eventsAtMost = 5_000;
const standingAtMost = 50_000;

const standingKinds: ReadonlySet<Entry['kind']> = new Set([
  'token-created',
  'token-revoked',
  'signer-changed',
  'act-signed',
  'gap',
  'clock',
]);

/** The entry of one line of an exported journal; undefined for a head, a checkpoint, and what is none. */
export function entryOf(line: string): Entry | undefined {
  try {
    const value = JSON.parse(line) as { readonly entry?: Partial<Entry> };
    const entry = value.entry;
    const isEntry =
      typeof entry === 'object' &&
      typeof entry.index === 'number' &&
      typeof entry.at === 'string' &&
      typeof entry.kind === 'string' &&
      typeof entry.body === 'object';
    return isEntry ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads an exported journal twice: to find what the subject is, and to gather what belongs to it. Undefined when the
 * journal knows nothing of the subject. `lines` gives the same journal each time; what came after the first reading is
 * left out.
 */
export async function gather(
  subject: Subject,
  lines: () => AsyncIterable<string> | Iterable<string>,
): Promise<Evidence | undefined> {
  let traced: Traced | undefined;
  let size = 0;
  let isKnown = subject.kind === 'time';
  for await (const line of lines()) {
    const entry = entryOf(line);
    if (entry === undefined) continue;
    size = entry.index + 1;
    if (subject.kind === 'hold') traced ??= trace(entry, subject.hold);
    if (subject.kind === 'agent') isKnown ||= entry.principal === subject.agent;
  }
  if (subject.kind === 'hold' ? traced === undefined : !isKnown) return undefined;
  const events: Entry[] = [];
  const standing: Entry[] = [];
  const digests = new Set<string>();
  let leftOut = 0;
  for await (const line of lines()) {
    const entry = entryOf(line);
    if (entry === undefined || entry.index >= size) continue;
    if (standingKinds.has(entry.kind) && standing.length < standingAtMost) standing.push(entry);
    // What undoes an act names its digest, whoever does it and whenever.
    if (!belongs(entry, subject, traced) && !(entry.kind === 'undone' && digests.has(entry.digest ?? ''))) continue;
    if (entry.kind === 'intent' && entry.digest !== undefined) digests.add(entry.digest);
    if (events.length < eventsAtMost) events.push(entry);
    else leftOut += 1;
  }
  return { subject, events, standing, leftOut, size };
}

/** Whether this entry begins the hold of that id or code. Of codes, which come back, the first is not the only one. */
function trace(entry: Entry, asked: string): Traced | undefined {
  if (entry.kind !== 'held' || entry.hold === undefined) return undefined;
  const code = entry.body['code'];
  const wanted = asked.toUpperCase();
  if (entry.hold.toUpperCase() !== wanted && (typeof code !== 'string' || code.toUpperCase() !== wanted))
    return undefined;
  return {
    hold: entry.hold,
    principal: entry.principal ?? '',
    at: Date.parse(entry.at),
    digest: entry.digest ?? '',
  };
}

function belongs(entry: Entry, subject: Subject, traced: Traced | undefined): boolean {
  // Reads are counted in batches over all agents: they say what was looked at, not what was wanted.
  if (entry.kind === 'reads') return false;
  if (subject.kind === 'time') return entry.at >= subject.from && entry.at <= subject.to;
  if (subject.kind === 'agent') {
    if ((subject.from ?? '') > entry.at || (subject.to ?? '9') < entry.at) return false;
    return entry.principal === subject.agent || entry.body['agent'] === subject.agent;
  }
  if (traced === undefined) return false;
  if (entry.hold === traced.hold || (entry.digest !== undefined && entry.digest === traced.digest)) return true;
  const isNear = Math.abs(Date.parse(entry.at) - traced.at) <= aroundMs;
  return isNear && traced.principal !== '' && isOf(entry, traced.principal);
}

function isOf(entry: Entry, principal: string): boolean {
  return entry.principal === principal || entry.body['agent'] === principal;
}
