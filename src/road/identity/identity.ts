import { createHash } from 'node:crypto';
import { admitsPeer, isRange } from './binding.ts';
import { KnownTokens } from './known-tokens.ts';
import { hashSecret, newSecret, parsePresented, presentedForm, secretMatches } from './presented-token.ts';
import { RefusalNotes } from './refusal-notes.ts';
import { NotPermitted } from '../not-permitted.ts';
import { readKeptToken, storeKeptToken, type GrantedScope, type TokenBinding } from './token-record.ts';
import { isoTime, type Clock } from '../../contract/clock.ts';
import type { Bearer, Peer } from '../../contract/road.ts';
import type { Store, Transaction } from '../../contract/store.ts';
import type { EntryDraft } from '../../model/entry.ts';
import { newId } from '../../model/identifier.ts';
import { frozen } from '../../model/json.ts';
import type { Principal, PrincipalKind } from '../../model/principal.ts';
import { refuse, Refused, type Refusal } from '../../model/refusal.ts';
import type { TokenRecord } from '../../model/scope.ts';

export type { GrantedScope, TokenBinding } from './token-record.ts';

export interface IdentityParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly journalAppend: (tx: Transaction, draft: EntryDraft) => Promise<unknown>;
  /** Milliseconds that only ever grow; `performance.now` unless a test steps it. */
  readonly monotonic?: () => number;
}

/** What a new token is to be. */
export interface NewToken {
  readonly kind: PrincipalKind;
  /** Of the principal, which is made when nobody has that name yet. */
  readonly name: string;
  readonly scope: GrantedScope;
  /** What it is for, in the maker's words; shown with every hold. */
  readonly purpose: string;
  /** How long it lives; 8 hours unless said. */
  readonly ttlMs?: number;
  readonly bound?: TokenBinding;
}

export interface Identity {
  /** Inside the transaction of the signed act that allows it. `presented` is shown once and kept nowhere. */
  createToken(tx: Transaction, asked: NewToken): Promise<{ readonly record: TokenRecord; readonly presented: string }>;
  /** Who presented this. Throws `Refused`: `BAD_TOKEN` with one text for all reasons, `UNAVAILABLE` when it cannot be known. */
  identify(presented: string, peer: Peer): Promise<Bearer>;
  /** Ends a token: here at once, in other processes within a second of the commit. Throws `BAD_REQUEST` for an unknown id. */
  revoke(tx: Transaction, id: string, by?: string): Promise<TokenRecord>;
  /** Every token ever made, the oldest first, with where it may be presented from. */
  list(): Promise<readonly (TokenRecord & { readonly bound: TokenBinding })[]>;
}

const hours = 3_600_000;
const defaultTtlMs = 8 * hours;
const longestTtlMs = 366 * 24 * hours;

/** Agent tokens and those of humans and CI: `hpa_`, `hph_`, `hpc_`, all valid at every gate. */
export function openIdentity(parts: IdentityParts): Identity {
  const { store, clock, journalAppend } = parts;
  const monotonic = parts.monotonic ?? (() => performance.now());
  const known = new KnownTokens(store, monotonic);
  const notes = new RefusalNotes((draft) => store.transact((tx) => journalAppend(tx, draft)), monotonic);
  return {
    createToken: (tx, asked) => createToken(parts, tx, asked),
    async identify(presented, peer) {
      const bearer = await bearerOf(known, clock, presented, peer);
      if ('principal' in bearer) return bearer;
      await notes.note({
        kind: 'refused',
        ...bearer.who,
        body: { code: 'BAD_TOKEN', why: bearer.why, fingerprint: fingerprint(presented), peer: { ...peer } },
      });
      throw badToken(bearer);
    },
    revoke: (tx, id, by) => revoke(parts, known, tx, id, by),
    async list() {
      const found = await store.find('tokens');
      return found.flatMap(({ record }) => {
        const kept = readKeptToken(record);
        return kept === undefined ? [] : { ...kept.record, bound: kept.bound };
      });
    },
  };
}

/** An agent token never passes for a human's, nor does a CI job's. Throws `Refused` (`DENIED`). */
export function requireHuman(bearer: Bearer): Principal {
  if (bearer.principal.kind !== 'human')
    throw new NotPermitted(
      refuse(
        'DENIED',
        'this is for a human with a human token',
        'an agent may run, wait for and withdraw its own holds',
      ).refusal,
      'scope',
    );
  return bearer.principal;
}

interface NoBearer {
  /** For the journal alone. */
  readonly why: 'shape' | 'unknown' | 'secret' | 'kind' | 'revoked' | 'expired' | 'peer';
  /** Named only when the secret was right: who lacks it is nobody. */
  readonly who: { readonly principal?: string; readonly token?: string };
  /** Whose it is, where the secret was right. */
  readonly bearer?: Bearer;
}

/** A token that was presented and not taken. */
export class TokenRefused extends Refused {
  /** For humans alone: who asks is told the same for all reasons. */
  readonly why: NoBearer['why'];
  readonly bearer: Bearer | undefined;

  constructor(refusal: Refusal, why: NoBearer['why'], bearer: Bearer | undefined) {
    super(refusal);
    this.name = 'TokenRefused';
    this.why = why;
    this.bearer = bearer;
  }
}

async function bearerOf(known: KnownTokens, clock: Clock, presented: string, peer: Peer): Promise<Bearer | NoBearer> {
  const token = parsePresented(presented);
  if (token === undefined) return { why: 'shape', who: {} };
  const kept = await known.get(token.id);
  // The secret is hashed whether or not there is a record, so that time does not tell which ids exist.
  const matches = secretMatches(token.secret, kept?.record.secretHash ?? hashSecret(''));
  if (kept === undefined) return { why: 'unknown', who: {} };
  if (!matches) return { why: 'secret', who: { token: token.id } };
  const { record, bound } = kept;
  const who = { principal: record.principal.name, token: record.id };
  const bearer: Bearer = { principal: record.principal, token: record };
  if (record.principal.kind !== token.kind) return { why: 'kind', who, bearer };
  if (record.revokedAt !== undefined || known.isRevoked(record.id)) return { why: 'revoked', who, bearer };
  if (!(clock.now() < Date.parse(record.expiresAt))) return { why: 'expired', who, bearer };
  if (!admitsPeer(bound, peer)) return { why: 'peer', who, bearer };
  return bearer;
}

async function createToken(
  { clock, journalAppend }: IdentityParts,
  tx: Transaction,
  asked: NewToken,
): Promise<{ record: TokenRecord; presented: string }> {
  const { kind, scope, bound = {}, ttlMs = defaultTtlMs } = asked;
  if (!(Number.isSafeInteger(ttlMs) && ttlMs > 0 && ttlMs <= longestTtlMs))
    throw refuse('BAD_REQUEST', 'a token lives between a millisecond and 366 days', 'leave its life out for 8 hours');
  const unreadable = bound.addresses?.find((range) => !isRange(range));
  if (unreadable !== undefined)
    throw refuse(
      'BAD_REQUEST',
      `\`${unreadable}\` is no address range`,
      'write it like `10.1.0.0/16` or `fd00:1::/64`',
    );
  if (!isPurpose(asked.purpose))
    throw refuse(
      'BAD_REQUEST',
      'the purpose is longer than 280 characters or holds control characters',
      'say in one line what the token is for',
    );
  const now = clock.now();
  const principal = await principalNamed(tx, kind, asked.name, now);
  const secret = newSecret();
  const record: TokenRecord = frozen({
    id: newId('tk', now),
    principal,
    secretHash: hashSecret(secret),
    scope: structuredClone(scope),
    purpose: asked.purpose.trim(),
    createdAt: isoTime(now),
    expiresAt: isoTime(now + ttlMs),
  });
  const stored = storeKeptToken({ record, bound });
  if (readKeptToken(stored) === undefined)
    throw refuse('BAD_REQUEST', 'the scope is not one', 'name gates, operations, environments and resources');
  await tx.insert('tokens', record.id, stored);
  const { secretHash: _, principal: __, id, ...shown } = record;
  await journalAppend(tx, {
    kind: 'token-created',
    principal: principal.name,
    token: id,
    body: { principalKind: kind, ...shown, scope: { ...shown.scope }, bound: { ...bound } },
  });
  return { record, presented: presentedForm(kind, record.id, secret) };
}

/** The principal of that name, made on its first token. A name keeps its kind for good. */
async function principalNamed(tx: Transaction, kind: PrincipalKind, name: string, now: number): Promise<Principal> {
  if (!/^[a-z][a-z0-9._-]{0,62}$/.test(name))
    throw refuse(
      'BAD_REQUEST',
      `\`${name.slice(0, 80)}\` is no name for a principal`,
      'use lower-case letters, digits, dots and hyphens, a letter first',
    );
  const [found] = await tx.find('principals', { where: { name } });
  if (found !== undefined) {
    if (found.record['kind'] !== kind)
      throw refuse(
        'BAD_REQUEST',
        `\`${name}\` is already the name of another kind of principal`,
        'choose another name',
      );
    return { kind, id: found.key, name };
  }
  const principal: Principal = { kind, id: newId('pr', now), name };
  await tx.insert('principals', principal.id, { ...principal, createdAt: isoTime(now) });
  return principal;
}

async function revoke(
  { clock, journalAppend }: IdentityParts,
  known: KnownTokens,
  tx: Transaction,
  id: string,
  by: string | undefined,
): Promise<TokenRecord> {
  const kept = readKeptToken(await tx.get('tokens', id));
  if (kept === undefined)
    throw refuse('BAD_REQUEST', `there is no token \`${id.slice(0, 40)}\``, 'see: holdpoint token list');
  // In memory first: whatever becomes of the transaction, this process takes the token no more.
  await known.revoke(tx, id);
  if (kept.record.revokedAt !== undefined) return kept.record;
  const record = frozen({ ...kept.record, revokedAt: isoTime(clock.now()) });
  await tx.put('tokens', id, storeKeptToken({ ...kept, record }));
  await journalAppend(tx, {
    kind: 'token-revoked',
    principal: record.principal.name,
    token: id,
    body: by === undefined ? {} : { by },
  });
  return record;
}

/** One text for all reasons; why it was is for humans. */
function badToken({ why, bearer }: NoBearer): TokenRefused {
  const { refusal } = refuse(
    'BAD_TOKEN',
    'holdpoint does not take this token',
    'stop here; ask the person you work for a token, and do not look for another credential',
  );
  return new TokenRefused(refusal, why, bearer);
}

function isPurpose(text: string): boolean {
  return text.length <= 280 && text.isWellFormed() && !/[\p{Cc}\p{Cf}\u2028\u2029]/u.test(text);
}

/** First 8 hex digits of the SHA-256: enough to see that two were the same, nothing to use. */
function fingerprint(presented: string): string {
  return createHash('sha256').update(presented).digest('hex').slice(0, 8);
}
