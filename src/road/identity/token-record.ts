import { z } from 'zod';
import type { StoredRecord } from '../../contract/store.ts';
import { frozen } from '../../model/json.ts';
import type { Scope, TokenRecord } from '../../model/scope.ts';

/** Where a token may be presented from. Without addresses: from this machine only. */
export interface TokenBinding {
  /** OS user at the other end of a loopback connection. */
  readonly uid?: number | undefined;
  /** Addresses or ranges: `10.1.0.0/16`, `fd00:1::/64`. */
  readonly addresses?: readonly string[] | undefined;
}

/** A scope as it was granted, with the presets it came from, for saying what the token is for. */
export interface GrantedScope extends Scope {
  readonly presets?: readonly string[] | undefined;
}

/** A token as it is kept: the record and where it may be presented from. */
export interface KeptToken {
  readonly record: TokenRecord;
  readonly bound: TokenBinding;
}

const names = z.array(z.string());
const namesOrAll = z.union([names, z.literal('all')]);
const kept = z.object({
  id: z.string().regex(/^tk_[0-9A-HJKMNP-TV-Z]{26}$/),
  principal: z.object({ kind: z.enum(['human', 'ci', 'agent']), id: z.string(), name: z.string() }),
  secretHash: z.string().regex(/^[0-9a-f]{64}$/),
  scope: z.object({
    gates: names,
    operations: namesOrAll,
    environments: names,
    resources: namesOrAll,
    presets: names.optional(),
  }),
  purpose: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().optional(),
  bound: z.object({ uid: z.number().int().optional(), addresses: names.optional() }).optional(),
});

/** What the store holds under a token's id; undefined when it is no whole token record, which counts as none. */
export function readKeptToken(stored: StoredRecord | undefined): KeptToken | undefined {
  const read = kept.safeParse(stored);
  if (!read.success) return undefined;
  const { bound, revokedAt, ...rest } = read.data;
  return frozen({ record: { ...rest, ...(revokedAt === undefined ? {} : { revokedAt }) }, bound: bound ?? {} });
}

/** The stored form. */
export function storeKeptToken({ record, bound }: KeptToken): StoredRecord {
  const { principal, scope } = record;
  return { ...record, principal: { ...principal }, scope: { ...scope }, bound: { ...bound } };
}
