import type { Entry } from '../../model/entry.ts';
import { memberOf, textIn, textsIn } from './read.ts';
import type { MintedToken, Word } from './report.ts';

/** Names of signers by their ids. */
export function signerNames(standing: readonly Entry[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { kind, body, principal = '' } of standing)
    if (kind === 'signer-changed' && textIn(body, 'change') === 'added') names.set(textIn(body, 'signer'), principal);
  return names;
}

/** The tokens of these ids: who made each, what for, and whether it still is one. */
export function tokensOf(standing: readonly Entry[], wanted: ReadonlySet<string>): readonly MintedToken[] {
  const found: MintedToken[] = [];
  // The signed act that makes a token stands right before it, in the same transaction; only a step of the clock may lie between.
  let before: Entry | undefined;
  for (const entry of standing) {
    if (entry.kind === 'token-created' && wanted.has(entry.token ?? '')) {
      const revoked = standing.find((one) => one.kind === 'token-revoked' && one.token === entry.token);
      found.push(mintedToken(entry, before, revoked));
    }
    if (entry.kind !== 'clock') before = entry;
  }
  return found;
}

function mintedToken(entry: Entry, before: Entry | undefined, revoked: Entry | undefined): MintedToken {
  const { body } = entry;
  const scope = memberOf(body, 'scope');
  const operations = memberOf(scope, 'operations');
  const mintedBy = mintedBySignature(entry, before);
  return {
    id: entry.token ?? '',
    principal: entry.principal ?? '',
    kind: textIn(body, 'principalKind'),
    purpose: textIn(body, 'purpose'),
    operations: operations === 'all' ? 'all' : textsIn(scope, 'operations'),
    presets: textsIn(scope, 'presets'),
    environments: textsIn(scope, 'environments'),
    createdAt: textIn(body, 'createdAt'),
    expiresAt: textIn(body, 'expiresAt'),
    ...(mintedBy === undefined ? {} : { mintedBy }),
    ...(revoked === undefined ? {} : { revoked: { at: revoked.at, by: textIn(revoked.body, 'by') } }),
  };
}

/** Only the act that names this very principal counts: what merely stands before is nobody's signature on it. */
function mintedBySignature(entry: Entry, before: Entry | undefined): MintedToken['mintedBy'] {
  if (before?.kind !== 'act-signed' || textIn(before.body, 'act') !== 'token-create') return undefined;
  if (entry.index - before.index > 2) return undefined;
  const statement = memberOf(before.body, 'statement');
  if (textIn(memberOf(statement, 'body'), 'name') !== entry.principal) return undefined;
  return { name: before.principal ?? '', signer: textIn(statement, 'signer'), at: before.at, entry: before.index };
}

/** Everything that people said of holds. */
export function wordsOf(events: readonly Entry[], names: ReadonlyMap<string, string>): readonly Word[] {
  return events.flatMap((entry) => wordIn(entry, names) ?? []);
}

function wordIn(entry: Entry, names: ReadonlyMap<string, string>): Word | undefined {
  const { kind, body } = entry;
  const isPart = kind === 'act-signed' && textIn(body, 'act') === 'approve';
  if (kind !== 'approved' && kind !== 'scheduled' && kind !== 'denied' && !isPart) return undefined;
  const signature = memberOf(body, kind === 'denied' ? 'denial' : 'approval');
  const statement = memberOf(signature, 'statement');
  // Back from `running`, which nobody signs.
  if (kind !== 'denied' && statement === undefined) return undefined;
  const signer = textIn(statement, 'signer');
  const proof = memberOf(body, 'proofOfHuman');
  const window = [textIn(statement, 'notBefore'), textIn(statement, 'notAfter')].filter((one) => one !== '');
  return {
    entry: entry.index,
    at: entry.at,
    hold: entry.hold ?? '',
    said: isPart ? 'signed as one of two' : (kind as 'approved' | 'scheduled' | 'denied'),
    by: names.get(signer) ?? (textIn(body, 'by') || 'somebody who is no signer of this journal'),
    signer,
    signed: statement !== undefined,
    typed: textIn(statement, 'typed'),
    note: textIn(body, 'note'),
    window: window.join(' to '),
    proofOfHuman: typeof proof === 'boolean' ? proof : undefined,
  };
}
