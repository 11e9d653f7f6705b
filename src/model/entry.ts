import type { Json } from './json.ts';

export const entryKinds = [
  'started',
  'stopped',
  'gap',
  'clock',
  'reads',
  'refused',
  'exposure',
  'tunnelled',
  'held',
  'approved',
  'denied',
  'withdrawn',
  'expired',
  'scheduled',
  'cancelled',
  'overdue',
  'intent',
  'settled',
  'undone',
  'undo-ended',
  'frozen',
  'thawed',
  'unlocked',
  'alarmed',
  'token-created',
  'token-revoked',
  'vault-changed',
  'signer-changed',
  'applied',
  'act-signed',
  'tier-proved',
  'backed-up',
  'backup-failed',
  'drilled',
] as const;

export type EntryKind = (typeof entryKinds)[number];

/** One line of evidence. Its leaf in the tree is the RFC 6962 hash over the canonical JSON of the whole entry. */
export interface Entry {
  readonly schema: 'holdpoint/entry/v1';
  /** Index in the tree, from 0. */
  readonly index: number;
  /** ISO 8601, UTC, milliseconds. */
  readonly at: string;
  readonly kind: EntryKind;
  /** Principal name, where somebody did it. */
  readonly principal?: string;
  readonly token?: string;
  readonly gate?: string;
  readonly digest?: string;
  /** Whole hold id. */
  readonly hold?: string;
  readonly body: { readonly [key: string]: Json | undefined };
}

/** Where an entry stands. */
export type EntryPlace = Pick<Entry, 'index' | 'at'>;

/** What a caller hands to the journal; index, time and schema are the journal's. */
export type EntryDraft = Omit<Entry, 'schema' | 'index' | 'at'>;
